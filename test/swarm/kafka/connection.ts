import type { Env } from '../../../src/env/env.ts';
import type { Timer } from '../../../src/env/timers.ts';
import type { Draft, Infer, Message } from '../../../src/wire/kafka/schema/index.ts';
import { ConnectionLostError, RawKafkaClient } from '../../support/kafka/raw-kafka-client.ts';

const REQUEST_TIMEOUT_MS = 6000;
const RECONNECT_AFTER_MS = 100;

/** A way to a broker that connects again when it has to, and gives up on an answer after a while. */
export class BrokerConnection {
  private readonly env: Env;
  private readonly address: { host: string; port: number };
  private client: RawKafkaClient | undefined;

  constructor(env: Env, address: { host: string; port: number }) {
    this.env = env;
    this.address = address;
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.env.timers.after(ms, resolve);
    });
  }

  /** Undefined when no answer came: whether the request was done nobody knows. */
  async call<Q extends Message, R extends Message>(
    messages: { request: Q; response: R },
    version: number,
    request: Draft<Q>,
  ): Promise<Infer<R> | undefined> {
    let timer: Timer | undefined;
    try {
      this.client ??= await RawKafkaClient.connect(this.env.net, { ...this.address, timeoutMs: 3000 });
      const { client } = this;
      timer = this.env.timers.after(REQUEST_TIMEOUT_MS, () => client.destroy());
      return await client.call(messages, version, request);
    } catch (error) {
      if (!isLoss(error)) throw error;
      this.client?.destroy();
      this.client = undefined;
      await this.pause(RECONNECT_AFTER_MS);
      return undefined;
    } finally {
      timer?.cancel();
    }
  }
}

function isLoss(error: unknown): boolean {
  if (error instanceof ConnectionLostError) return true;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ECONNREFUSED' || code === 'ETIMEDOUT' || code === 'ECONNRESET';
}
