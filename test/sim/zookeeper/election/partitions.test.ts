import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Simulation } from '../../../../src/env/sim/simulation.ts';
import { ElectingHost } from '../../../support/election-hosts.ts';
import { configOf } from '../../../support/election-net.ts';

async function withServers(
  seed: number,
  ids: readonly number[],
  story: (sim: Simulation, servers: Map<number, ElectingHost>) => Promise<void>,
): Promise<void> {
  const sim = new Simulation({ seed });
  const config = configOf(
    ids.filter((id) => id < 10),
    ids.filter((id) => id >= 10),
  );
  const servers = new Map(ids.map((id) => [id, new ElectingHost(sim, id, config)]));
  await sim.run(
    async () => {
      await story(sim, servers);
      for (const server of servers.values()) if (server.host.isUp) await server.port.close();
    },
    { withinMs: 60 * 60_000 },
  );
}

const leaders = (servers: Map<number, ElectingHost>): (number | undefined)[] =>
  [...servers.values()].filter(({ host }) => host.isUp).map(({ leader }) => leader);

describe('elections over simulated sockets', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    it(`five servers and an observer started at once agree within a second (seed ${seed})`, async () => {
      await withServers(seed, [1, 2, 3, 4, 5, 10], async (sim, servers) => {
        for (const server of servers.values()) await server.start();
        await sim.advance(1000);
        assert.deepEqual(leaders(servers), [5, 5, 5, 5, 5, 5]);
      });
    });
  }

  it('servers started minutes apart find the leader within a second', async () => {
    await withServers(7, [1, 2, 3, 4, 5], async (sim, servers) => {
      const found: (number | undefined)[] = [];
      for (const server of servers.values()) {
        await sim.advance(3 * 60_000);
        await server.start();
        await sim.advance(1000);
        found.push(server.leader);
      }
      assert.deepEqual(found, [undefined, undefined, 3, 3, 3]);
      assert.deepEqual(leaders(servers), [3, 3, 3, 3, 3]);
    });
  });

  it('the larger side of a partition elects, and the other one joins it when it is over', async () => {
    await withServers(3, [1, 2, 3, 4, 5], async (sim, servers) => {
      sim.network.partition(['host4', 'host5'], ['host1', 'host2', 'host3']);
      for (const server of servers.values()) await server.start();
      await sim.advance(5 * 60_000);
      assert.deepEqual(leaders(servers), [3, 3, 3, undefined, undefined]);
      sim.network.heal();
      // The ports try every five seconds, the elections would speak once a minute.
      await sim.advance(6000);
      assert.deepEqual(leaders(servers), [3, 3, 3, 3, 3]);
    });
  });

  it('a server that was cut off in the middle of its questions is answered when it is back', async () => {
    await withServers(3, [1, 2, 3, 4, 5], async (sim, servers) => {
      for (const server of servers.values()) await server.start();
      await sim.advance(1000);
      for (const id of [1, 4]) {
        sim.network.isolate(`host${id}`);
        servers.get(id)?.election.startLooking();
        await sim.advance(5 * 60_000);
        assert.equal(servers.get(id)?.leader, undefined);
        sim.network.heal();
        await sim.advance(6000);
        assert.equal(servers.get(id)?.election.isLooking, false);
      }
    });
  });

  it('a path that is cut in one direction alone is made up for by the other servers', async () => {
    await withServers(3, [1, 2, 3], async (sim, servers) => {
      sim.network.blockOneWay(['host3'], ['host1']);
      for (const server of servers.values()) await server.start();
      await sim.advance(5000);
      assert.equal(servers.get(2)?.leader, 3);
      assert.equal(servers.get(3)?.leader, 3);
      sim.network.heal();
      await sim.advance(70_000);
      assert.deepEqual(leaders(servers), [3, 3, 3]);
    });
  });

  it('after a crash of the leader the rest elects again, and the leader follows when it is back', async () => {
    await withServers(11, [1, 2, 3], async (sim, servers) => {
      for (const server of servers.values()) await server.start();
      await sim.advance(1000);
      const [first, second, third] = [...servers.values()];
      assert.ok(first !== undefined && second !== undefined && third !== undefined);
      third.host.crash();
      for (const server of [first, second]) server.election.startLooking();
      await sim.advance(1000);
      assert.deepEqual(leaders(servers), [2, 2]);
      await third.restart();
      await sim.advance(1000);
      assert.deepEqual(leaders(servers), [2, 2, 2]);
    });
  });

  it('connections that break all the time delay it, no more', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      await withServers(seed, [1, 2, 3, 4, 5], async (sim, servers) => {
        sim.network.conditions.resetProbability = 0.2;
        sim.network.conditions.maxDelayMs = 50;
        for (const server of servers.values()) await server.start();
        await sim.advance(30_000);
        sim.network.conditions.resetProbability = 0;
        await sim.advance(3 * 60_000);
        const settled = new Set(leaders(servers));
        assert.equal(settled.size, 1, `seed ${seed}: ${leaders(servers)}`);
        assert.ok(!settled.has(undefined), `seed ${seed}`);
      });
    }
  });
});
