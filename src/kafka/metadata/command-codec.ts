import { MalformedError } from '../../base/malformed-error.ts';
import type {
  LeaderAndIsrRequest,
  LeaderAndIsrResponse,
} from '../../wire/kafka/messages/04-leader-and-isr.ts';
import type { StopReplicaRequest, StopReplicaResponse } from '../../wire/kafka/messages/05-stop-replica.ts';
import type { UpdateMetadataRequest } from '../../wire/kafka/messages/06-update-metadata.ts';
import type { Draft, Infer } from '../../wire/kafka/schema/index.ts';
import type { PartitionImage } from './cluster-image.ts';
import type {
  CommandHeader,
  CommandResult,
  LeaderAndIsrCommand,
  LeaderAndIsrPartition,
  StopReplicaCommand,
  StopReplicaPartition,
  UpdateMetadataCommand,
} from './controller-commands.ts';
import { type Broker, type BrokerEndpoint, zeroUuid } from './model.ts';

/** Controller's commands <-> LeaderAndIsr, StopReplica and UpdateMetadata in all their versions. */

/** Fields that came with a version; before it partitions are listed without their topics. */
const leaderAndIsrByTopic = 2;
const leaderAndIsrTopicIds = 5;
const stopReplicaByTopic = 1;
const stopReplicaPerPartition = 3;
const updateMetadataByTopic = 5;
const updateMetadataListeners = 3;

/** `leaderEpoch` of a StopReplica that does not name one (`LeaderAndIsr.NoEpoch`). */
const noEpoch = -1;
/** Epoch of a broker of which only its addresses are known. */
const unknownBrokerEpoch = -1;

/** `SecurityProtocol` by its id. */
const securityProtocols = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const;

export interface LeaderAddress {
  brokerId: number;
  hostName: string;
  port: number;
}

interface StatePartition {
  topicName: string;
  partitionIndex: number;
}

export function encodeLeaderAndIsr(
  command: LeaderAndIsrCommand,
  version: number,
  liveLeaders: readonly LeaderAddress[],
): Draft<typeof LeaderAndIsrRequest> {
  const states = command.partitions.map((partition) => ({
    topicName: partition.topic,
    partitionIndex: partition.partition,
    controllerEpoch: partition.controllerEpoch,
    leader: partition.leader,
    leaderEpoch: partition.leaderEpoch,
    isr: partition.isr,
    partitionEpoch: partition.partitionEpoch,
    replicas: partition.replicas,
    addingReplicas: partition.addingReplicas,
    removingReplicas: partition.removingReplicas,
    isNew: partition.isNew,
    // Versions before it have no room for a leader that has not recovered.
    leaderRecoveryState: version >= 6 && partition.leaderRecovering ? 1 : 0,
  }));
  const ids = new Map(command.partitions.map(({ topic, topicId }) => [topic, topicId]));
  const grouped = byTopic(states);
  return {
    ...header(command),
    type: 0,
    ungroupedPartitionStates: version < leaderAndIsrByTopic ? states : [],
    topicStates:
      version < leaderAndIsrByTopic
        ? []
        : [...grouped].map(([topicName, partitionStates]) => ({
            topicName,
            topicId: ids.get(topicName) ?? zeroUuid,
            partitionStates,
          })),
    liveLeaders,
  };
}

export function decodeLeaderAndIsr(request: Infer<typeof LeaderAndIsrRequest>): LeaderAndIsrCommand {
  const toPartition = (
    state: (typeof request)['ungroupedPartitionStates'][number],
    topic: string,
    topicId: string,
  ): LeaderAndIsrPartition => ({
    topic,
    topicId,
    partition: state.partitionIndex,
    controllerEpoch: state.controllerEpoch,
    leader: state.leader,
    leaderEpoch: state.leaderEpoch,
    isr: state.isr,
    leaderRecovering: state.leaderRecoveryState === 1,
    partitionEpoch: state.partitionEpoch,
    replicas: state.replicas,
    addingReplicas: state.addingReplicas,
    removingReplicas: state.removingReplicas,
    isNew: state.isNew,
  });
  return {
    kind: 'leaderAndIsr',
    ...decodeHeader(request),
    partitions: [
      ...request.ungroupedPartitionStates.map((state) => toPartition(state, state.topicName, zeroUuid)),
      ...request.topicStates.flatMap(({ topicName, topicId, partitionStates }) =>
        partitionStates.map((state) => toPartition(state, topicName, topicId)),
      ),
    ],
  };
}

export function encodeLeaderAndIsrResult(
  result: CommandResult,
  command: LeaderAndIsrCommand,
  version: number,
): Draft<typeof LeaderAndIsrResponse> {
  const errors = result.partitions.map(({ topic, partition, errorCode }) => ({
    topicName: topic,
    partitionIndex: partition,
    errorCode,
  }));
  if (version < leaderAndIsrTopicIds) {
    return { errorCode: result.errorCode, partitionErrors: errors, topics: [] };
  }
  const ids = new Map(command.partitions.map(({ topic, topicId }) => [topic, topicId]));
  return {
    errorCode: result.errorCode,
    partitionErrors: [],
    topics: [...byTopic(errors)].map(([topic, partitionErrors]) => ({
      topicId: ids.get(topic) ?? zeroUuid,
      partitionErrors,
    })),
  };
}

/** Throws MalformedError for an answer about topics that were not asked for. */
export function decodeLeaderAndIsrResult(
  response: Infer<typeof LeaderAndIsrResponse>,
  command: LeaderAndIsrCommand,
): CommandResult {
  const names = new Map(command.partitions.map(({ topic, topicId }) => [topicId, topic]));
  const nameOf = (topicId: string): string => {
    const name = names.get(topicId);
    if (name === undefined)
      throw new MalformedError(`LeaderAndIsr is answered for unknown topic id ${topicId}`);
    return name;
  };
  return {
    errorCode: response.errorCode,
    partitions: [
      ...response.partitionErrors.map((error) => partitionResult(error.topicName, error)),
      ...response.topics.flatMap(({ topicId, partitionErrors }) =>
        partitionErrors.map((error) => partitionResult(nameOf(topicId), error)),
      ),
    ],
  };
}

/**
 * Before version 3 a request either deletes all its partitions or none, so a command may take two, which answers
 * in full are put together from ({@link mergeResults}).
 */
export function encodeStopReplica(
  command: StopReplicaCommand,
  version: number,
): Draft<typeof StopReplicaRequest>[] {
  if (version >= stopReplicaPerPartition) {
    const states = command.partitions.map(({ topic, partition, leaderEpoch, deletePartition }) => ({
      topicName: topic,
      partitionIndex: partition,
      leaderEpoch,
      deletePartition,
    }));
    const topicStates = [...byTopic(states)].map(([topicName, partitionStates]) => ({
      topicName,
      partitionStates: partitionStates.map(({ topicName: _, ...state }) => state),
    }));
    return [stopReplicaDraft(command, { topicStates })];
  }
  return [true, false].flatMap((deletePartitions) => {
    const chosen = command.partitions
      .filter(({ deletePartition }) => deletePartition === deletePartitions)
      .map(({ topic, partition }) => ({ topicName: topic, partitionIndex: partition }));
    if (chosen.length === 0) return [];
    if (version < stopReplicaByTopic) {
      return [stopReplicaDraft(command, { deletePartitions, ungroupedPartitions: chosen })];
    }
    const topics = [...byTopic(chosen)].map(([name, partitions]) => ({
      name,
      partitionIndexes: partitions.map(({ partitionIndex }) => partitionIndex),
    }));
    return [stopReplicaDraft(command, { deletePartitions, topics })];
  });
}

function stopReplicaDraft(
  command: StopReplicaCommand,
  fields: Partial<Draft<typeof StopReplicaRequest>>,
): Draft<typeof StopReplicaRequest> {
  return {
    ...header(command),
    deletePartitions: false,
    ungroupedPartitions: [],
    topics: [],
    topicStates: [],
    ...fields,
  };
}

export function decodeStopReplica(request: Infer<typeof StopReplicaRequest>): StopReplicaCommand {
  const { deletePartitions: deletePartition } = request;
  const older = (topic: string, partition: number): StopReplicaPartition => ({
    topic,
    partition,
    leaderEpoch: noEpoch,
    deletePartition,
  });
  return {
    kind: 'stopReplica',
    ...decodeHeader(request),
    partitions: [
      ...request.ungroupedPartitions.map(({ topicName, partitionIndex }) => older(topicName, partitionIndex)),
      ...request.topics.flatMap(({ name, partitionIndexes }) =>
        partitionIndexes.map((partition) => older(name, partition)),
      ),
      ...request.topicStates.flatMap(({ topicName, partitionStates }) =>
        partitionStates.map(({ partitionIndex, leaderEpoch, deletePartition: deletes }) => ({
          topic: topicName,
          partition: partitionIndex,
          leaderEpoch,
          deletePartition: deletes,
        })),
      ),
    ],
  };
}

export function encodeStopReplicaResult(result: CommandResult): Draft<typeof StopReplicaResponse> {
  return {
    errorCode: result.errorCode,
    partitionErrors: result.partitions.map(({ topic, partition, errorCode }) => ({
      topicName: topic,
      partitionIndex: partition,
      errorCode,
    })),
  };
}

export function decodeStopReplicaResult(response: Infer<typeof StopReplicaResponse>): CommandResult {
  return {
    errorCode: response.errorCode,
    partitions: response.partitionErrors.map((error) => partitionResult(error.topicName, error)),
  };
}

/** What several requests of one command were answered, as if they had been one. */
export function mergeResults(results: readonly CommandResult[]): CommandResult {
  return {
    errorCode: results.find(({ errorCode }) => errorCode !== 0)?.errorCode ?? 0,
    partitions: results.flatMap(({ partitions }) => partitions),
  };
}

export function encodeUpdateMetadata(
  command: UpdateMetadataCommand,
  version: number,
): Draft<typeof UpdateMetadataRequest> {
  const { change } = command;
  const states = (change.partitions ?? []).map((partition) => ({
    topicName: partition.topic,
    partitionIndex: partition.partition,
    controllerEpoch: partition.controllerEpoch,
    leader: partition.leader,
    leaderEpoch: partition.leaderEpoch,
    isr: partition.isr,
    zkVersion: partition.partitionEpoch,
    replicas: partition.replicas,
    offlineReplicas: partition.offlineReplicas,
  }));
  return {
    ...header(command),
    ungroupedPartitionStates: version < updateMetadataByTopic ? states : [],
    topicStates:
      version < updateMetadataByTopic
        ? []
        : [...byTopic(states)].map(([topicName, partitionStates]) => ({
            topicName,
            topicId: change.topicIds?.get(topicName) ?? zeroUuid,
            partitionStates,
          })),
    liveBrokers: (change.brokers ?? []).map((broker) => liveBroker(broker, version)),
  };
}

function liveBroker(broker: Broker, version: number) {
  const plaintext = broker.endpoints.find(({ securityProtocol }) => securityProtocol === 'PLAINTEXT');
  return {
    id: broker.id,
    v0Host: plaintext?.host ?? '',
    v0Port: plaintext?.port ?? -1,
    endpoints: broker.endpoints
      .filter(
        ({ listenerName, securityProtocol }) =>
          version >= updateMetadataListeners || listenerName === securityProtocol,
      )
      .map(({ listenerName, securityProtocol, host, port }) => ({
        listener: listenerName,
        securityProtocol: securityProtocols.findIndex((known) => securityProtocol === known),
        host,
        port,
      })),
    rack: broker.rack,
  };
}

export function decodeUpdateMetadata(
  request: Infer<typeof UpdateMetadataRequest>,
  version: number,
): UpdateMetadataCommand {
  const toImage = (
    state: (typeof request)['ungroupedPartitionStates'][number],
    topic: string,
  ): PartitionImage => ({
    topic,
    partition: state.partitionIndex,
    controllerEpoch: state.controllerEpoch,
    leader: state.leader,
    leaderEpoch: state.leaderEpoch,
    isr: state.isr,
    leaderRecovering: false,
    partitionEpoch: state.zkVersion,
    replicas: state.replicas,
    offlineReplicas: state.offlineReplicas,
  });
  return {
    kind: 'updateMetadata',
    ...decodeHeader(request),
    change: {
      controllerId: request.controllerId,
      controllerEpoch: request.controllerEpoch,
      brokers: request.liveBrokers.map((broker) => ({
        id: broker.id,
        epoch: unknownBrokerEpoch,
        rack: broker.rack,
        endpoints:
          version === 0
            ? [
                {
                  listenerName: 'PLAINTEXT',
                  securityProtocol: 'PLAINTEXT',
                  host: broker.v0Host,
                  port: broker.v0Port,
                },
              ]
            : broker.endpoints.map((endpoint) => toEndpoint(endpoint, version)),
      })),
      partitions: [
        ...request.ungroupedPartitionStates.map((state) => toImage(state, state.topicName)),
        ...request.topicStates.flatMap(({ topicName, partitionStates }) =>
          partitionStates.map((state) => toImage(state, topicName)),
        ),
      ],
      topicIds: new Map(
        request.topicStates
          .filter(({ topicId }) => topicId !== zeroUuid)
          .map(({ topicName, topicId }) => [topicName, topicId]),
      ),
    },
  };
}

/** Throws MalformedError for a security protocol that Kafka does not have. */
function toEndpoint(
  endpoint: { listener: string; securityProtocol: number; host: string; port: number },
  version: number,
): BrokerEndpoint {
  const securityProtocol = securityProtocols[endpoint.securityProtocol];
  if (securityProtocol === undefined) {
    throw new MalformedError(`UpdateMetadata names security protocol ${endpoint.securityProtocol}`);
  }
  const { host, port } = endpoint;
  const listenerName = version >= updateMetadataListeners ? endpoint.listener : securityProtocol;
  return { listenerName, securityProtocol, host, port };
}

function header({ controllerId, controllerEpoch, brokerEpoch }: CommandHeader) {
  return { controllerId, isKRaftController: false, controllerEpoch, brokerEpoch };
}

function decodeHeader({ controllerId, controllerEpoch, brokerEpoch }: CommandHeader): CommandHeader {
  return { controllerId, controllerEpoch, brokerEpoch };
}

function partitionResult(topic: string, error: { partitionIndex: number; errorCode: number }) {
  return { topic, partition: error.partitionIndex, errorCode: error.errorCode };
}

function byTopic<T extends StatePartition>(states: readonly T[]): Map<string, T[]> {
  const topics = new Map<string, T[]>();
  for (const state of states) {
    const found = topics.get(state.topicName);
    if (found === undefined) topics.set(state.topicName, [state]);
    else found.push(state);
  }
  return topics;
}
