import type { Log } from '../../env/log.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import type {
  CommandHeader,
  CommandResult,
  CommandTarget,
  LeaderAndIsrCommand,
  StopReplicaCommand,
  UpdateMetadataCommand,
} from '../metadata/controller-commands.ts';
import type { MetadataCache } from '../metadata/metadata-cache.ts';
import { isRefused } from '../replica/partition.ts';
import type { ReplicaManager } from '../replica/replica-manager.ts';

/** From controllers of before broker epochs (KIP-380). */
const NO_BROKER_EPOCH = -1;

export interface BrokerCommandsParts {
  readonly log: Log;
  readonly metadata: MetadataCache;
  readonly replicas: Pick<ReplicaManager, 'lookup' | 'accepts' | 'applyLeaderAndIsr' | 'applyStopReplica'>;
  /**
   * Resolves when this process has registered. What comes before may be meant for an earlier life, whose registration
   * stands until its session ends: it waits, and is judged then.
   */
  readonly registered: Promise<void>;
  /** Epoch of the registration that stands. */
  readonly brokerEpoch: () => number;
  /** Reads the configuration of a topic of which a replica comes to this broker. */
  readonly loadTopicConfig: (topic: string) => Promise<void>;
}

/**
 * What this broker does when a controller tells it to, by its own process or over the network. Commands are carried
 * out one after the other, whoever sent them. One that was meant for an earlier registration, or comes from a
 * controller that has been replaced, is refused.
 */
export class BrokerCommands implements CommandTarget {
  private readonly parts: BrokerCommandsParts;
  private tail: Promise<unknown>;

  constructor(parts: BrokerCommandsParts) {
    this.parts = parts;
    this.tail = parts.registered;
  }

  leaderAndIsr(command: LeaderAndIsrCommand): Promise<CommandResult> {
    return this.inTurn(command, async () => {
      const { replicas, loadTopicConfig } = this.parts;
      // A replica's log is made with its topic's own configuration, which nobody has told us of yet.
      const missing = command.partitions.filter((partition) => isRefused(replicas.lookup(partition)));
      await Promise.all([...new Set(missing.map(({ topic }) => topic))].map(loadTopicConfig));
      return replicas.applyLeaderAndIsr(command);
    });
  }

  stopReplica(command: StopReplicaCommand): Promise<CommandResult> {
    return this.inTurn(command, () => this.parts.replicas.applyStopReplica(command));
  }

  updateMetadata(command: UpdateMetadataCommand): Promise<CommandResult> {
    return this.inTurn(command, () => {
      const { replicas, metadata } = this.parts;
      if (!replicas.accepts(command)) return refused(ErrorCode.STALE_CONTROLLER_EPOCH);
      metadata.apply(command.change);
      return { errorCode: ErrorCode.NONE, partitions: [] };
    });
  }

  private inTurn(
    { controllerId, controllerEpoch, brokerEpoch }: CommandHeader,
    apply: () => CommandResult | Promise<CommandResult>,
  ): Promise<CommandResult> {
    const result = this.tail.then(() => {
      const current = this.parts.brokerEpoch();
      // A larger one comes before this broker has heard that it has registered anew.
      if (brokerEpoch !== NO_BROKER_EPOCH && brokerEpoch < current) {
        const from = { controllerId, controllerEpoch, brokerEpoch, current };
        this.parts.log.info('refused a command for an earlier registration of this broker', from);
        return refused(ErrorCode.STALE_BROKER_EPOCH);
      }
      return apply();
    });
    this.tail = result.catch(() => undefined);
    return result;
  }
}

function refused(errorCode: ErrorCode): CommandResult {
  return { errorCode, partitions: [] };
}
