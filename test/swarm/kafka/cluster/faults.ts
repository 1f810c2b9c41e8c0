import type { Simulation } from '../../../../src/env/sim/simulation.ts';
import { OpCode } from '../../../../src/wire/zookeeper/op-codes.ts';
import { RawZkClient } from '../../../support/raw-zk-client.ts';
import type { Fault } from '../../faults.ts';
import { isDeath, type SupervisedServer } from '../../supervised-server.ts';
import { type RunningBroker, ZK_PORT } from './servers.ts';

type BrokerServer = SupervisedServer<RunningBroker>;

/** Cuts some machines off from others, in both directions, and joins them again. */
function cut(sim: Simulation, left: readonly string[], right: readonly string[]): () => void {
  sim.network.partition(left, right);
  return () => {
    for (const from of left) {
      for (const to of right) {
        sim.network.setLink(from, to, { blocked: false });
        sim.network.setLink(to, from, { blocked: false });
      }
    }
  };
}

/**
 * A broker does not reach ZooKeeper, and everybody else does reach it: for so long that its session expires, or not
 * quite. When it is the controller, it is a zombie by then.
 */
export function sessionCuts(
  sim: Simulation,
  which: { name: string; choose: () => BrokerServer | undefined },
  zooKeepers: readonly string[],
): Fault {
  return {
    name: which.name,
    strike() {
      const server = which.choose();
      if (server?.host.isUp !== true) return undefined;
      return cut(sim, [server.name], zooKeepers);
    },
  };
}

/** The broker that somebody chooses is killed, loses power or is cut off from the other brokers. */
export function chosenFalls(
  sim: Simulation,
  which: { name: string; choose: () => BrokerServer | undefined },
  options: {
    brokers: readonly BrokerServer[];
    mayLosePower: boolean;
    losesPower: (server: BrokerServer) => void;
  },
): Fault {
  return {
    name: which.name,
    strike(random) {
      const server = which.choose();
      if (server?.host.isUp !== true) return undefined;
      const kind = random.below(3);
      if (kind === 0) {
        const others = options.brokers.map(({ name }) => name).filter((name) => name !== server.name);
        return cut(sim, [server.name], others);
      }
      if (kind === 1 && options.mayLosePower) {
        options.losesPower(server);
        server.losePower();
      } else {
        server.kill();
      }
      return () => server.bringUp();
    },
  };
}

/** A broker is stopped in good order and started again. */
export function restarts(sim: Simulation, servers: readonly BrokerServer[]): Fault {
  return {
    name: 'restart',
    strike(random) {
      const server = servers[random.below(servers.length)];
      if (server?.server === undefined) return undefined;
      const { life } = server;
      const restart = (): void => {
        if (server.life !== life) return;
        server.kill();
        server.bringUp();
      };
      server.server.broker.close().then(
        () => sim.schedule(random.below(2000), `restart ${server.name}`, restart),
        (error: unknown) => {
          if (!isDeath(error)) throw error;
        },
      );
      return restart;
    },
  };
}

/** One of the log directories fails, or the only one; a restart brings it back. */
export function logDirFailures(servers: readonly BrokerServer[], logDirs: readonly string[]): Fault {
  return {
    name: 'log dir failure',
    strike(random) {
      const server = servers[random.below(servers.length)];
      const directory = logDirs[random.below(logDirs.length)];
      if (server === undefined || directory === undefined) return undefined;
      const { brokenDirectories } = server.host.disk.faults;
      brokenDirectories.add(directory);
      return () => {
        brokenDirectories.delete(directory);
        server.kill();
        server.bringUp();
      };
    },
  };
}

/** An operator deletes `/controller`, as one does to have another controller elected. */
export function depositions(sim: Simulation, zooKeepers: readonly string[]): Fault {
  return {
    name: 'controller deposed',
    strike(random) {
      const host = zooKeepers[random.below(zooKeepers.length)];
      if (host === undefined) return undefined;
      // Without an answer nothing has been done, as far as anybody needs to know.
      depose(sim, host).catch(() => undefined);
      return () => {};
    },
  };
}

async function depose(sim: Simulation, host: string): Promise<void> {
  const client = await RawZkClient.open(sim.host('operator').env.net, ZK_PORT, host);
  await client.connect({ timeOut: 4000 });
  await client.call(OpCode.delete, { path: '/controller', version: -1 });
  client.destroy();
}
