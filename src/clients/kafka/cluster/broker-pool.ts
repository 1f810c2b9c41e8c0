import { assert } from '../../../base/assert.ts';
import type { Env } from '../../../env/env.ts';
import type { Timer } from '../../../env/timers.ts';
import { KafkaError } from '../kafka-error.ts';
import type { BrokerApiVersions } from '../network/api-versions.ts';
import { BrokerConnection } from '../network/broker-connection.ts';
import { NetworkError } from '../network/network-error.ts';
import { backoffMs } from './backoff.ts';
import type { BrokerNode } from './cluster-metadata.ts';
import type { Address, ConnectionSettings } from './cluster-options.ts';
import { pause } from './pause.ts';

/**
 * Requests of one channel share a connection. The coordinator has its own, so that heartbeats do not wait behind
 * fetches that the same broker holds back.
 */
export type Channel = 'data' | 'coordinator';

/** A connection, and what the broker at its other end serves. */
export interface OpenConnection {
  readonly connection: BrokerConnection;
  readonly versions: BrokerApiVersions;
}

interface Slot {
  address: Address;
  opening: Promise<OpenConnection> | undefined;
  open: OpenConnection | undefined;
  /** Failures to connect, since the last time that it succeeded. */
  failures: number;
  /** When to try again at the earliest, on the monotonic clock. */
  nextAttemptMs: number;
  lastUsedMs: number;
}

/** The connections of one client, opened when they are needed and closed when they are idle. */
export class BrokerPool {
  private readonly env: Env;
  private readonly settings: ConnectionSettings;
  private readonly slots = new Map<string, Slot>();
  private readonly sweep: Timer;
  private closed = false;
  /** The newest that a broker told when it was connected to. */
  private newestFeatures: BrokerApiVersions | undefined;

  constructor(env: Env, settings: ConnectionSettings) {
    this.env = env;
    this.settings = settings;
    this.sweep = env.timers.every(Math.max(1, settings.connectionsMaxIdleMs / 4), () => this.closeIdle());
  }

  /** Rejects with a {@link NetworkError}, or with CLOSED. */
  toBroker(node: BrokerNode, channel: Channel): Promise<OpenConnection> {
    return this.to(`${channel} ${node.id}`, node);
  }

  toBootstrap(address: Address): Promise<OpenConnection> {
    return this.to(`${address.host} ${address.port}`, address);
  }

  /** Levels of the cluster's features, as far as brokers that were connected to have told. */
  get features(): ReadonlyMap<string, number> | undefined {
    return this.newestFeatures?.features;
  }

  /** Requests under way to a broker; undefined while no connection to it is open. */
  loadOf(node: BrokerNode): number | undefined {
    const open = this.slots.get(`data ${node.id}`)?.open;
    return open?.connection.isOpen === true ? open.connection.requestsInFlight : undefined;
  }

  /** Whether the last attempts to connect have failed and it is too early for another. */
  isBackingOff(node: BrokerNode): boolean {
    const slot = this.slots.get(`data ${node.id}`);
    return slot !== undefined && slot.failures > 0 && slot.nextAttemptMs > this.env.clock.monotonicMs();
  }

  close(): void {
    this.closed = true;
    this.sweep.cancel();
    for (const { open } of this.slots.values()) open?.connection.close();
    this.slots.clear();
  }

  private to(key: string, address: Address): Promise<OpenConnection> {
    if (this.closed) return Promise.reject(closedError());
    const slot = this.slotAt(key, address);
    slot.lastUsedMs = this.env.clock.monotonicMs();
    if (slot.open?.connection.isOpen === true) return Promise.resolve(slot.open);
    slot.open = undefined;
    slot.opening ??= this.open(slot).finally(() => {
      slot.opening = undefined;
    });
    return slot.opening;
  }

  private slotAt(key: string, { host, port }: Address): Slot {
    const known = this.slots.get(key);
    if (known !== undefined && known.address.host === host && known.address.port === port) return known;
    // The broker has moved.
    known?.open?.connection.close();
    const slot: Slot = {
      address: { host, port },
      opening: undefined,
      open: undefined,
      failures: 0,
      nextAttemptMs: 0,
      lastUsedMs: 0,
    };
    this.slots.set(key, slot);
    return slot;
  }

  private async open(slot: Slot): Promise<OpenConnection> {
    const { clock, timers, random } = this.env;
    const waitMs = slot.nextAttemptMs - clock.monotonicMs();
    if (waitMs > 0) await pause(timers, waitMs);
    if (this.closed) throw closedError();
    try {
      const open = await this.connect(slot.address);
      slot.failures = 0;
      slot.open = open;
      return open;
    } catch (error) {
      slot.failures++;
      const { reconnectBackoffMs: first, reconnectBackoffMaxMs: longest } = this.settings;
      slot.nextAttemptMs = clock.monotonicMs() + backoffMs(random, first, longest, slot.failures);
      throw error;
    }
  }

  private async connect(address: Address): Promise<OpenConnection> {
    const { clientId, connectTimeoutMs, requestTimeoutMs, observer } = this.settings;
    const connection = await BrokerConnection.connect(this.env, {
      ...address,
      clientId,
      connectTimeoutMs,
      requestTimeoutMs,
      observer,
    });
    try {
      const versions = await connection.apiVersions();
      if (this.closed) throw closedError();
      if (versions.featuresEpoch >= (this.newestFeatures?.featuresEpoch ?? 0)) this.newestFeatures = versions;
      return { connection, versions };
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  private closeIdle(): void {
    const before = this.env.clock.monotonicMs() - this.settings.connectionsMaxIdleMs;
    for (const [key, { open, opening, lastUsedMs }] of this.slots) {
      const usedMs = Math.max(lastUsedMs, open?.connection.lastSentMs ?? 0);
      if (opening !== undefined || usedMs > before || (open?.connection.requestsInFlight ?? 0) > 0) continue;
      open?.connection.close();
      this.slots.delete(key);
    }
  }
}

function closedError(): KafkaError {
  return new KafkaError('CLOSED', 'the client is closed');
}

/** The first address that answers, from a random one on. Rejects with why the last did not. */
export async function firstReachable(
  env: Env,
  pool: BrokerPool,
  addresses: readonly Address[],
): Promise<OpenConnection> {
  assert(addresses.length > 0, 'no bootstrap address');
  const start = env.random.below(addresses.length);
  const failures: string[] = [];
  for (let index = 0; index < addresses.length; index++) {
    const address = addresses[(start + index) % addresses.length];
    assert(address !== undefined, 'an index within');
    try {
      return await pool.toBootstrap(address);
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      failures.push(error.message);
    }
  }
  throw new NetworkError('unreachable', `no broker of bootstrapServers answers: ${failures.join('; ')}`);
}
