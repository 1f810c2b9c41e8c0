import type { Env } from '../../env/env.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import { LeaderAndIsrRequest, LeaderAndIsrResponse } from '../../wire/kafka/messages/04-leader-and-isr.ts';
import { StopReplicaRequest, StopReplicaResponse } from '../../wire/kafka/messages/05-stop-replica.ts';
import {
  UpdateMetadataRequest,
  UpdateMetadataResponse,
} from '../../wire/kafka/messages/06-update-metadata.ts';
import type { CommandPath } from '../controller/command-channel.ts';
import {
  decodeLeaderAndIsrResult,
  decodeStopReplicaResult,
  encodeLeaderAndIsr,
  encodeStopReplica,
  encodeUpdateMetadata,
  type LeaderAddress,
  mergeResults,
} from '../metadata/command-codec.ts';
import {
  applyCommand,
  type CommandResult,
  type CommandTarget,
  type ControllerCommand,
  type LeaderAndIsrCommand,
} from '../metadata/controller-commands.ts';
import type { Broker } from '../metadata/model.ts';
import { addressOn, BrokerLink, type ConnectTimeouts } from './broker-link.ts';
import type { InterBrokerVersions } from './inter-broker-versions.ts';

/** The way from the controller to the broker in its own process: no network, and no failure on the way. */
export function localCommandPath(env: Env, target: CommandTarget): CommandPath {
  return {
    async deliver(command) {
      try {
        return await applyCommand(target, command);
      } catch (error) {
        env.log.error('a command of the controller failed', { kind: command.kind, error });
        return { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, partitions: [] };
      }
    },
    // What the broker has begun it finishes.
    close() {},
  };
}

export interface NetworkCommandPathOptions {
  readonly brokerId: number;
  readonly brokers: () => ReadonlyMap<number, Broker>;
  readonly controllerId: number;
  /** Listener of the other broker that is connected to (`control.plane.listener.name` or the inter-broker one). */
  readonly listenerName: string;
  /** Listener by which replicas reach their leaders. */
  readonly interBrokerListener: string;
  readonly versions: () => InterBrokerVersions;
  readonly connectTimeouts: ConnectTimeouts;
  readonly requestTimeoutMs: number;
}

/** The way from the controller to another broker: LeaderAndIsr, UpdateMetadata and StopReplica over the network. */
export class NetworkCommandPath implements CommandPath {
  private readonly options: NetworkCommandPathOptions;
  private readonly link: BrokerLink;

  constructor(env: Env, options: NetworkCommandPathOptions) {
    const { brokerId, brokers, controllerId, listenerName, connectTimeouts, requestTimeoutMs } = options;
    this.options = options;
    this.link = new BrokerLink(env, {
      clientId: String(controllerId),
      connectTimeouts,
      requestTimeoutMs,
      address: () => addressOn(brokers().get(brokerId), listenerName),
    });
  }

  close(): void {
    this.link.close();
  }

  async deliver(command: ControllerCommand): Promise<CommandResult> {
    const versions = this.options.versions();
    switch (command.kind) {
      case 'leaderAndIsr':
        return this.leaderAndIsr(command, versions.leaderAndIsr);
      case 'updateMetadata': {
        const version = versions.updateMetadata;
        const body = encodeUpdateMetadata(command, version);
        const { errorCode } = await this.link.request(
          { request: UpdateMetadataRequest, response: UpdateMetadataResponse },
          version,
          body,
        );
        return { errorCode, partitions: [] };
      }
      case 'stopReplica': {
        const results: CommandResult[] = [];
        for (const body of encodeStopReplica(command, versions.stopReplica)) {
          const messages = { request: StopReplicaRequest, response: StopReplicaResponse };
          results.push(
            decodeStopReplicaResult(await this.link.request(messages, versions.stopReplica, body)),
          );
        }
        return mergeResults(results);
      }
    }
  }

  private async leaderAndIsr(command: LeaderAndIsrCommand, version: number): Promise<CommandResult> {
    const messages = { request: LeaderAndIsrRequest, response: LeaderAndIsrResponse };
    const body = encodeLeaderAndIsr(command, version, this.leadersOf(command));
    return decodeLeaderAndIsrResult(await this.link.request(messages, version, body), command);
  }

  private leadersOf(command: LeaderAndIsrCommand): LeaderAddress[] {
    const { brokers, interBrokerListener } = this.options;
    const leaders = new Set(command.partitions.map(({ leader }) => leader));
    return [...leaders].flatMap((brokerId) => {
      const address = addressOn(brokers().get(brokerId), interBrokerListener);
      return address === undefined ? [] : [{ brokerId, hostName: address.host, port: address.port }];
    });
  }
}
