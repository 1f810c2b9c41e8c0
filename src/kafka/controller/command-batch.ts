import type { PartitionImage } from '../metadata/cluster-image.ts';
import type {
  CommandHeader,
  CommandResult,
  ControllerCommand,
  LeaderAndIsrPartition,
  StopReplicaPartition,
} from '../metadata/controller-commands.ts';
import { leaderDuringDelete, zeroUuid } from '../metadata/model.ts';
import type { ControllerContext, PartitionContext } from './controller-context.ts';

/** Leader epoch of a StopReplica: the topic is being deleted, or there never was a leader. */
const epochDuringDelete = -2;
const noEpoch = -1;

/** Sends one command; a broker's answer comes back as an event. */
export type SendCommand = (
  brokerId: number,
  command: ControllerCommand,
  done: (result: CommandResult) => void,
) => void;

/** What became of the replicas that a broker was told of. */
export interface BatchEvents {
  leaderAndIsrDone(brokerId: number, result: CommandResult): void;
  /** Only partitions that were to be deleted, of topics whose deletion has started. */
  replicasDeleted(brokerId: number, result: CommandResult): void;
}

/** The commands that one step of the controller has for brokers, one of each kind for each broker. */
export class CommandBatch {
  readonly #context: ControllerContext;
  readonly #controllerId: number;
  readonly #leaderAndIsr = new Map<number, Map<PartitionContext, LeaderAndIsrPartition>>();
  readonly #stopReplica = new Map<number, Map<PartitionContext, StopReplicaPartition>>();
  readonly #updateMetadata = new Set<number>();
  readonly #images = new Map<PartitionContext, PartitionImage>();

  constructor(context: ControllerContext, controllerId: number) {
    this.#context = context;
    this.#controllerId = controllerId;
  }

  /** Tells replicas who leads; and everyone, for clients. */
  leaderAndIsr(brokerIds: Iterable<number>, partition: PartitionContext, isNew: boolean): void {
    const { leadership } = partition;
    if (leadership === null) return;
    for (const brokerId of brokerIds) {
      const partitions = entry(this.#leaderAndIsr, brokerId);
      partitions.set(partition, {
        ...leadership,
        ...partition.assignment,
        topic: partition.topic.name,
        topicId: partition.topic.id ?? zeroUuid,
        partition: partition.partition,
        isNew: isNew || (partitions.get(partition)?.isNew ?? false),
      });
    }
    this.updateMetadata(this.#context.brokers.keys(), [partition]);
  }

  stopReplica(brokerId: number, partition: PartitionContext, deletePartition: boolean): void {
    const partitions = entry(this.#stopReplica, brokerId);
    const deleting = partition.topic.deletion !== 'none';
    partitions.set(partition, {
      topic: partition.topic.name,
      partition: partition.partition,
      leaderEpoch: deleting ? epochDuringDelete : (partition.leadership?.leaderEpoch ?? noEpoch),
      deletePartition: deletePartition || (partitions.get(partition)?.deletePartition ?? false),
    });
  }

  /** Tells brokers of these partitions, and always of all brokers. */
  updateMetadata(brokerIds: Iterable<number>, partitions: Iterable<PartitionContext>): void {
    for (const brokerId of brokerIds) this.#updateMetadata.add(brokerId);
    for (const partition of partitions) {
      const image = this.#image(partition);
      if (image !== null) this.#images.set(partition, image);
    }
  }

  /** Sends everything, in the order in which a broker needs it, and leaves the batch empty. */
  send(send: SendCommand, events: BatchEvents): void {
    for (const [brokerId, partitions] of this.#leaderAndIsr) {
      this.#toBroker(brokerId, (header) =>
        send(brokerId, { kind: 'leaderAndIsr', ...header, partitions: [...partitions.values()] }, (result) =>
          events.leaderAndIsrDone(brokerId, result),
        ),
      );
    }
    this.#sendMetadata(send);
    for (const [brokerId, partitions] of this.#stopReplica) {
      this.#toBroker(brokerId, (header) =>
        send(brokerId, { kind: 'stopReplica', ...header, partitions: [...partitions.values()] }, (result) =>
          events.replicasDeleted(brokerId, deletionsOf(result, partitions)),
        ),
      );
    }
    this.#leaderAndIsr.clear();
    this.#stopReplica.clear();
  }

  #sendMetadata(send: SendCommand): void {
    const partitions = [...this.#images.values()];
    const topicIds = new Map<string, string>();
    for (const partition of this.#images.keys()) {
      if (partition.topic.id !== null) topicIds.set(partition.topic.name, partition.topic.id);
    }
    for (const brokerId of this.#updateMetadata) {
      this.#toBroker(brokerId, (header) =>
        send(
          brokerId,
          {
            kind: 'updateMetadata',
            ...header,
            change: {
              controllerId: this.#controllerId,
              controllerEpoch: this.#context.epoch,
              brokers: [...this.#context.brokers.values()],
              partitions,
              topicIds,
            },
          },
          () => {},
        ),
      );
    }
    this.#updateMetadata.clear();
    this.#images.clear();
  }

  #toBroker(brokerId: number, action: (header: CommandHeader) => void): void {
    const broker = this.#context.brokers.get(brokerId);
    if (broker === undefined) return;
    action({
      controllerId: this.#controllerId,
      controllerEpoch: this.#context.epoch,
      brokerEpoch: broker.epoch,
    });
  }

  /** Null for a partition without a leader so far. */
  #image(partition: PartitionContext): PartitionImage | null {
    const { leadership, assignment } = partition;
    if (leadership === null) return null;
    const deleting = partition.topic.deletion !== 'none';
    return {
      ...leadership,
      ...(deleting ? { leader: leaderDuringDelete, leaderEpoch: 0, partitionEpoch: 0 } : {}),
      topic: partition.topic.name,
      partition: partition.partition,
      replicas: assignment.replicas,
      offlineReplicas: assignment.replicas.filter((replica) => !this.#context.isOnline(replica, partition)),
    };
  }
}

function entry<V>(map: Map<number, Map<PartitionContext, V>>, brokerId: number): Map<PartitionContext, V> {
  let found = map.get(brokerId);
  if (found === undefined) {
    found = new Map();
    map.set(brokerId, found);
  }
  return found;
}

function deletionsOf(
  result: CommandResult,
  partitions: ReadonlyMap<PartitionContext, StopReplicaPartition>,
): CommandResult {
  const deleted = [...partitions]
    .filter(([context, stop]) => stop.deletePartition && context.topic.deletion === 'started')
    .map(([, stop]) => stop);
  const codes = new Map(result.partitions.map((item) => [`${item.topic}-${item.partition}`, item.errorCode]));
  return {
    errorCode: result.errorCode,
    partitions: deleted.map(({ topic, partition }) => ({
      topic,
      partition,
      errorCode: result.errorCode || (codes.get(`${topic}-${partition}`) ?? 0),
    })),
  };
}
