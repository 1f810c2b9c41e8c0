import { type SessionEvent, type WatchEvent, ZooKeeperClient } from '../../../../src/clients/index.ts';
import type { ZooKeeperClientOptions } from '../../../../src/clients/zookeeper/zookeeper-client.ts';
import type { SimHost } from '../../../../src/env/sim/sim-host.ts';
import { Simulation } from '../../../../src/env/sim/simulation.ts';
import { type RunningZooKeeperServer, startZooKeeperServer } from '../../../../src/zookeeper/index.ts';
import type { ZooKeeperServerOptions } from '../../../../src/zookeeper/server/config.ts';

/** A ZooKeeper server and clients of it, simulated. */
export class Cluster {
  readonly sim: Simulation;
  readonly serverHost: SimHost;
  private readonly options: Partial<ZooKeeperServerOptions>;

  constructor(seed: number, options: Partial<ZooKeeperServerOptions> = {}) {
    this.sim = new Simulation({ seed });
    this.serverHost = this.sim.host('zk');
    this.options = options;
  }

  startServer(): Promise<RunningZooKeeperServer> {
    const { env } = this.serverHost;
    env.disk.makeDirectory('/data');
    return startZooKeeperServer(env, {
      dataDir: '/data',
      clientPort: 2181,
      tickTimeMs: 1000,
      ...this.options,
    });
  }

  /** A client on a host of its own. */
  async connect(name: string, options: Partial<ZooKeeperClientOptions> = {}): Promise<TestClient> {
    const events: SessionEvent[] = [];
    const client = await ZooKeeperClient.connect(this.sim.host(name).env, {
      connectString: 'zk:2181',
      sessionTimeoutMs: 6000,
      ...options,
      onEvent: (event) => events.push(event),
    });
    return { client, events };
  }
}

export interface TestClient {
  client: ZooKeeperClient;
  /** Everything that the session's owner was told. */
  events: SessionEvent[];
}

/** A watch that writes down what it is called with. */
export function recorder(): { calls: string[]; watch: (event: WatchEvent) => void } {
  const calls: string[] = [];
  return { calls, watch: (event) => calls.push(`${event.type} ${event.path}`) };
}
