import type { Env } from '../../env/env.ts';
import type { Timer } from '../../env/timers.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import {
  ControlledShutdownRequest,
  ControlledShutdownResponse,
} from '../../wire/kafka/messages/07-controlled-shutdown.ts';
import {
  AlterPartitionRequest,
  AlterPartitionResponse,
} from '../../wire/kafka/messages/56-alter-partition.ts';
import type { Controller } from '../controller/controller.ts';
import {
  type AlterPartitionCommand,
  type AlterPartitionResult,
  decodeAlterPartitionResult,
  encodeAlterPartition,
} from '../metadata/alter-partition.ts';
import type { MetadataCache } from '../metadata/metadata-cache.ts';
import { BrokerLink, type ConnectTimeouts, controllerAddress } from './broker-link.ts';
import type { InterBrokerVersions } from './inter-broker-versions.ts';

/** Until the controller is looked for again (`BrokerToControllerRequestThread`, 3.9, which polls). */
const RETRY_MS = 50;

export interface ControllerClientOptions {
  readonly brokerId: number;
  readonly metadata: MetadataCache;
  /** The controller of this process, which is asked when it is the active one. */
  readonly controller: Pick<Controller, 'alterPartition' | 'controlledShutdown'>;
  readonly interBrokerListener: string;
  readonly versions: () => InterBrokerVersions;
  readonly connectTimeouts: ConnectTimeouts;
  readonly requestTimeoutMs: number;
}

/** The broker stops while a request waits for a controller. */
export class ControllerClientClosedError extends Error {
  override name = 'ControllerClientClosedError';
}

/**
 * This broker's way to the controller, whichever broker that is: the image says. The controller of the own process
 * is called directly.
 */
export class ControllerClient {
  private readonly env: Env;
  private readonly options: ControllerClientOptions;
  private readonly link: BrokerLink;
  private pause: { timer: Timer; end: () => void } | undefined;
  private closed = false;

  constructor(env: Env, options: ControllerClientOptions) {
    const { brokerId, metadata, interBrokerListener, connectTimeouts, requestTimeoutMs } = options;
    this.env = env;
    this.options = options;
    this.link = new BrokerLink(env, {
      clientId: String(brokerId),
      connectTimeouts,
      requestTimeoutMs,
      address: () => controllerAddress(metadata.image, interBrokerListener),
    });
  }

  /**
   * Asks for other ISRs until a controller has answered: a lost connection or a controller that is none any more
   * leads to another try, which the controller recognises when the first one was carried out. One request at a time.
   * Rejects with ControllerClientClosedError.
   */
  async alterPartition(command: AlterPartitionCommand): Promise<AlterPartitionResult> {
    for (;;) {
      const result = await this.tryAlterPartition(command);
      if (this.closed) throw new ControllerClientClosedError('the broker stops');
      if (result !== null && result.errorCode !== ErrorCode.NOT_CONTROLLER) return result;
      await this.rest(RETRY_MS);
    }
  }

  /**
   * Has this broker's leaderships moved away before it stops. False when that did not come to an end in
   * `maxRetries` tries, as with partitions that nobody else can lead.
   */
  async controlledShutdown(
    brokerEpoch: number,
    { maxRetries, retryBackoffMs }: { maxRetries: number; retryBackoffMs: number },
  ): Promise<boolean> {
    for (let left = maxRetries; left > 0 && !this.closed; left--) {
      const outcome = await this.tryShutdown(brokerEpoch);
      if (outcome.errorCode === ErrorCode.NONE && outcome.remaining === 0) return true;
      this.env.log.info('the controlled shutdown is not complete', { ...outcome, retriesLeft: left - 1 });
      if (left > 1) await this.rest(retryBackoffMs);
    }
    return false;
  }

  close(): void {
    this.closed = true;
    this.link.close();
    this.pause?.timer.cancel();
    this.pause?.end();
  }

  private get isHere(): boolean {
    return this.options.metadata.image.controllerId === this.options.brokerId;
  }

  /** Null when no answer came. */
  private async tryAlterPartition(command: AlterPartitionCommand): Promise<AlterPartitionResult | null> {
    if (this.isHere) return this.options.controller.alterPartition(command);
    const version = this.options.versions().alterPartition;
    const messages = { request: AlterPartitionRequest, response: AlterPartitionResponse };
    try {
      const answer = await this.link.request(messages, version, encodeAlterPartition(command, version));
      return decodeAlterPartitionResult(answer, command);
    } catch (error) {
      this.env.log.info('the controller did not answer AlterPartition; trying again', { error });
      return null;
    }
  }

  private async tryShutdown(brokerEpoch: number): Promise<{ errorCode: number; remaining: number }> {
    const { brokerId, controller, requestTimeoutMs } = this.options;
    const timedOut = { errorCode: ErrorCode.REQUEST_TIMED_OUT, remaining: [] };
    if (this.isHere) {
      const answer = controller.controlledShutdown(brokerId, brokerEpoch);
      const { errorCode, remaining } = await this.within(requestTimeoutMs, answer, timedOut);
      return { errorCode, remaining: remaining.length };
    }
    const version = this.options.versions().controlledShutdown;
    const messages = { request: ControlledShutdownRequest, response: ControlledShutdownResponse };
    try {
      const { errorCode, remainingPartitions } = await this.link.request(messages, version, {
        brokerId,
        brokerEpoch,
      });
      return { errorCode, remaining: remainingPartitions.length };
    } catch (error) {
      this.env.log.warn('the controller did not answer the controlled shutdown', { error });
      return { errorCode: ErrorCode.NETWORK_EXCEPTION, remaining: 0 };
    }
  }

  private async within<T>(timeoutMs: number, answer: Promise<T>, late: T): Promise<T> {
    let timer: Timer | undefined;
    const timeout = new Promise<T>((resolve) => {
      timer = this.env.timers.after(timeoutMs, () => resolve(late));
    });
    try {
      return await Promise.race([answer, timeout]);
    } finally {
      timer?.cancel();
    }
  }

  private rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.pause = undefined;
        resolve();
      };
      this.pause = { timer: this.env.timers.after(ms, end), end };
    });
  }
}
