import type { SimHost } from '../../src/env/sim/sim-host.ts';
import { Simulation } from '../../src/env/sim/simulation.ts';
import { OpCode } from '../../src/wire/zookeeper/op-codes.ts';
import {
  type RunningZooKeeperServer,
  startZooKeeperServer,
  type ZooKeeperServerOptions,
} from '../../src/zookeeper/index.ts';
import { RawZkClient } from './raw-zk-client.ts';

export const OPEN_ACL = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];

/** The record of a create request. */
export function create(path: string, data: string | null = '', flags = 0, acl: unknown = OPEN_ACL): unknown {
  return { path, data: data === null ? null : Buffer.from(data), acl, flags };
}

/** The record of a setData request. */
export function setData(path: string, data: string, version = -1): unknown {
  return { path, data: Buffer.from(data), version };
}

/** A server on a simulated host, and clients on another. */
export class ZkSimulation {
  readonly sim: Simulation;
  readonly serverHost: SimHost;
  readonly clientHost: SimHost;
  private readonly options: Partial<ZooKeeperServerOptions>;

  constructor(seed: number, options: Partial<ZooKeeperServerOptions> = {}) {
    this.sim = new Simulation({ seed });
    this.serverHost = this.sim.host('server');
    this.clientHost = this.sim.host('client');
    this.options = options;
  }

  start(): Promise<RunningZooKeeperServer> {
    return startZooKeeperServer(this.serverHost.env, {
      dataDir: '/data',
      clientPort: 2181,
      tickTimeMs: 1000,
      // Small enough that every run sees files grow.
      preAllocSizeBytes: 16 * 1024,
      ...this.options,
    });
  }

  /** A connection without a session. */
  open(): Promise<RawZkClient> {
    return RawZkClient.open(this.clientHost.env.net, 2181, 'server');
  }

  /** The answer to a four-letter word. */
  async ask(word: string): Promise<string> {
    const client = await this.open();
    client.write(Buffer.from(word));
    await client.closed();
    return client.received.toString();
  }

  /** A connection with a new session. */
  async client(timeOut = 10_000): Promise<RawZkClient & { session: { sessionId: bigint; passwd: Buffer } }> {
    const client = await this.open();
    const { sessionId, passwd } = await client.connect({ timeOut });
    return Object.assign(client, { session: { sessionId, passwd: passwd ?? Buffer.alloc(0) } });
  }

  /** Sends pings so often that the session lives on, until the connection is closed. */
  keepAlive(client: RawZkClient, everyMs: number): void {
    const { timers } = this.clientHost.env;
    const timer = timers.every(everyMs, () => {
      if (client.isClosed) timer.cancel();
      else client.request(OpCode.ping, undefined, -2);
    });
  }
}

/** Runs a story against a fresh server in virtual time, and closes the server at its end. */
export async function withServer(
  options: Partial<ZooKeeperServerOptions> & { seed?: number },
  story: (zk: ZkSimulation, server: RunningZooKeeperServer) => Promise<void>,
): Promise<void> {
  const { seed = 1, ...serverOptions } = options;
  const zk = new ZkSimulation(seed, serverOptions);
  await zk.sim.run(async () => {
    const server = await zk.start();
    await story(zk, server);
    await server.close();
  });
}
