import { hex } from '../../base/hex.ts';
import type { Clock } from '../../env/clock.ts';
import type { Log } from '../../env/log.ts';
import type { Timers } from '../../env/timers.ts';
import { isZooKeeperError, type Watch } from './port.ts';
import type { ZkConnection } from './zk-connection.ts';
import {
  type BrokerRegistration,
  brokerIdPath,
  brokerIdsPath,
  decodeBrokerId,
  encodeBrokerId,
} from './znodes/broker-id.ts';

/** A broker and the zxid that created its registration: its epoch (KIP-380). */
export interface RegisteredBroker extends BrokerRegistration {
  epoch: number;
}

/** The id is taken by a broker that is alive, or whose session has not run out in time. */
export class BrokerIdTakenError extends Error {
  override name = 'BrokerIdTakenError';
}

const registrationRetryMs = 100;

/** Registrations of brokers: `/brokers/ids`. */
export class BrokerStore {
  readonly #zk: ZkConnection;
  readonly #env: { clock: Clock; timers: Timers; log: Log };

  constructor(zk: ZkConnection, env: { clock: Clock; timers: Timers; log: Log }) {
    this.#zk = zk;
    this.#env = env;
  }

  /**
   * Registers a broker and returns its epoch. A node of another session is what a broker leaves that was killed:
   * it is waited for, up to `waitMs`, where Kafka (`KafkaZkClient.CheckedEphemeral`, 3.9) gives up at once. A
   * node that this broker's own earlier session left is removed.
   */
  async register(
    broker: BrokerRegistration,
    waitMs: number,
    ownSessions: ReadonlySet<bigint> = new Set(),
  ): Promise<number> {
    const path = brokerIdPath(broker.brokerId);
    const giveUpMs = this.#env.clock.monotonicMs() + waitMs;
    for (let waiting = false; ; ) {
      const epoch = await this.#tryRegister(path, broker);
      if (epoch !== null) return epoch;
      const owner = await this.#zk.run((session) => session.exists(path));
      if (owner === null) continue;
      const sessionId = await this.#zk.sessionId();
      if (owner.ephemeralOwner === sessionId) return owner.czxid;
      if (ownSessions.has(owner.ephemeralOwner)) {
        await this.#remove(path);
        continue;
      }
      const ownerText = hex(owner.ephemeralOwner);
      if (this.#env.clock.monotonicMs() >= giveUpMs) {
        throw new BrokerIdTakenError(
          `broker id ${broker.brokerId} is registered by another session (${ownerText}): stop the other broker, ` +
            'or give this one another broker.id',
        );
      }
      if (!waiting) {
        this.#env.log.info('waiting for the session of an earlier life of this broker to run out', {
          path,
          owner: ownerText,
          waitMs,
        });
        waiting = true;
      }
      await new Promise<void>((resolve) => void this.#env.timers.after(registrationRetryMs, resolve));
    }
  }

  /** Writes changed listeners into the registration that stands. */
  async update(broker: BrokerRegistration): Promise<void> {
    const data = encodeBrokerId(broker, this.#env.clock.nowMs());
    await this.#zk.run((session) => session.setData(brokerIdPath(broker.brokerId), data, -1));
  }

  /** Ids of the live brokers, ascending. */
  async ids(watch?: Watch): Promise<number[]> {
    const names = await this.#zk.run((session) => session.getChildren(brokerIdsPath, watch));
    return names
      .filter((name) => /^\d{1,10}$/.test(name))
      .map(Number)
      .sort((left, right) => left - right);
  }

  /** Null when the broker has gone. */
  async broker(brokerId: number, watch?: Watch): Promise<RegisteredBroker | null> {
    try {
      const node = await this.#zk.run((session) => session.getData(brokerIdPath(brokerId), watch));
      return { ...decodeBrokerId(brokerId, node.data), epoch: node.stat.czxid };
    } catch (error) {
      if (isZooKeeperError(error, 'NONODE')) return null;
      throw error;
    }
  }

  async #tryRegister(path: string, broker: BrokerRegistration): Promise<number | null> {
    const data = encodeBrokerId(broker, this.#env.clock.nowMs());
    try {
      const results = await this.#zk.run((session) =>
        session.multi([
          { op: 'create', path, data: null, mode: 'ephemeral' },
          { op: 'setData', path, data, version: 0 },
        ]),
      );
      return results[1]?.stat?.czxid ?? null;
    } catch (error) {
      if (isZooKeeperError(error, 'NODEEXISTS')) return null;
      throw error;
    }
  }

  async #remove(path: string): Promise<void> {
    try {
      await this.#zk.run((session) => session.delete(path, -1));
    } catch (error) {
      if (!isZooKeeperError(error, 'NONODE')) throw error;
    }
  }
}
