import type { Log } from '../../env/log.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import type {
  CommandResult,
  LeaderAndIsrCommand,
  StopReplicaCommand,
  UpdateMetadataCommand,
} from '../metadata/controller-commands.ts';
import type { Broker } from '../metadata/model.ts';
import type { BrokerChannel } from './ports.ts';

/** What a broker does when the controller tells it to. */
export interface CommandTarget {
  leaderAndIsr(command: LeaderAndIsrCommand): CommandResult | Promise<CommandResult>;
  stopReplica(command: StopReplicaCommand): CommandResult | Promise<CommandResult>;
  updateMetadata(command: UpdateMetadataCommand): CommandResult | Promise<CommandResult>;
}

/** The way from the controller to the broker in its own process: no network, the same order. */
export class LocalBrokerChannel implements BrokerChannel {
  readonly #brokerId: number;
  readonly #target: CommandTarget;
  readonly #log: Log;
  #tail: Promise<void> = Promise.resolve();
  #known: ReadonlySet<number> = new Set();

  constructor(brokerId: number, target: CommandTarget, log: Log) {
    this.#brokerId = brokerId;
    this.#target = target;
    this.#log = log;
  }

  setBrokers(brokers: readonly Broker[]): void {
    this.#known = new Set(brokers.map((broker) => broker.id));
  }

  send(...[brokerId, command, done]: Parameters<BrokerChannel['send']>): void {
    if (brokerId !== this.#brokerId || !this.#known.has(brokerId)) return;
    this.#tail = this.#tail.then(async () => {
      let result: CommandResult;
      try {
        result = await this.#apply(command);
      } catch (error) {
        this.#log.error('a command of the controller failed', { kind: command.kind, error });
        result = { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, partitions: [] };
      }
      done(result);
    });
  }

  /** Resolves when every command sent so far has been done. */
  idle(): Promise<void> {
    return this.#tail;
  }

  #apply(command: Parameters<BrokerChannel['send']>[1]): CommandResult | Promise<CommandResult> {
    switch (command.kind) {
      case 'leaderAndIsr':
        return this.#target.leaderAndIsr(command);
      case 'stopReplica':
        return this.#target.stopReplica(command);
      case 'updateMetadata':
        return this.#target.updateMetadata(command);
    }
  }
}
