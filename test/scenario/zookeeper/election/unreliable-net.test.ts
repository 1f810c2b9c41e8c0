import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SimRandom } from '../../../../src/env/sim/sim-random.ts';
import { isAhead } from '../../../../src/zookeeper/election/vote.ts';
import { configOf, type ElectingServer, ElectionNet } from '../../../support/election-net.ts';

const CHAOS_MS = 20_000;
const SETTLE_MS = 10 * 60_000;

interface Weather {
  seed: number;
  participants: number;
  observers: number;
  /** Chance of each message to get lost, in percent. */
  loss: number;
  /** Messages overtake each other up to this. */
  maxDelayMs: number;
  /** Servers that fall, or cut links, on average in ten seconds. */
  troubles: number;
}

const weather: fc.Arbitrary<Weather> = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  participants: fc.integer({ min: 1, max: 7 }),
  observers: fc.integer({ min: 0, max: 2 }),
  loss: fc.integer({ min: 0, max: 40 }),
  maxDelayMs: fc.constantFrom(2, 50, 300, 1500),
  troubles: fc.integer({ min: 0, max: 10 }),
});

/** An ensemble in bad weather, with all that its servers ever decided. */
class Storm {
  readonly net: ElectionNet;
  readonly random: SimRandom;
  private readonly weather: Weather;
  private readonly cutOff = new Set<number>();
  private isOver = false;

  constructor(weather: Weather) {
    const { seed, participants, observers } = weather;
    this.weather = weather;
    this.random = new SimRandom(seed);
    const ids = Array.from({ length: participants + observers }, (_, index) => index + 1);
    // Ids in any order among the observers.
    const shuffled = ids.map((id) => ({ id, key: this.random.float() })).sort((a, b) => a.key - b.key);
    const [voters, others] = [shuffled.slice(0, participants), shuffled.slice(participants)].map((part) =>
      part.map(({ id }) => id),
    );
    this.net = new ElectionNet(configOf(voters ?? [], others ?? []), { supervised: true });
    this.net.carrier = (from, to) => this.carry(from, to);
    for (const id of ids) {
      this.net.add(id, { zxid: this.random.below(3), epoch: this.random.below(2) });
      this.net.time.after(this.random.below(2000), () => this.net.start(id));
    }
    for (let count = (weather.troubles * CHAOS_MS) / 10_000; count > 0; count--) {
      const id = 1 + this.random.below(ids.length);
      const atMs = this.random.below(CHAOS_MS);
      this.net.time.after(atMs, () => this.trouble(id));
      this.net.time.after(Math.min(atMs + this.random.below(8000), CHAOS_MS), () => this.relieve(id));
    }
  }

  run(): void {
    this.net.time.advance(CHAOS_MS);
    this.isOver = true;
    this.cutOff.clear();
    for (const server of this.net.servers.values()) if (!server.isUp) server.start();
    this.net.time.advance(SETTLE_MS);
  }

  private carry(from: number, to: number): number[] {
    if (this.isOver) return [1];
    const { loss, maxDelayMs } = this.weather;
    if (this.cutOff.has(from) !== this.cutOff.has(to) || this.random.below(100) < loss) return [];
    const delays = [this.random.below(maxDelayMs)];
    if (this.random.below(20) === 0) delays.push(this.random.below(maxDelayMs));
    return delays;
  }

  private trouble(id: number): void {
    if (this.random.below(2) === 0) this.cutOff.add(id);
    else if (this.net.server(id).isUp) this.net.kill(id);
  }

  private relieve(id: number): void {
    this.cutOff.delete(id);
    if (!this.net.server(id).isUp) this.net.start(id);
  }
}

/** At most one leader of each round is ever believed in by a quorum. */
function checkOneLeaderPerRound(net: ElectionNet): void {
  const believers = new Map<number, Map<number, Set<number>>>();
  for (const server of net.servers.values()) {
    for (const { decision } of server.decisions) {
      const { electionEpoch, leader } = decision.vote;
      const leaders = believers.get(electionEpoch) ?? new Map<number, Set<number>>();
      believers.set(electionEpoch, leaders);
      leaders.set(leader, (leaders.get(leader) ?? new Set()).add(server.id));
    }
  }
  for (const [round, leaders] of believers) {
    const established = [...leaders].filter(([, ids]) => net.config.containsQuorum(ids)).map(([id]) => id);
    assert.ok(established.length <= 1, `round ${round} has the leaders ${established.join(' and ')}`);
  }
}

function checkDecisions(net: ElectionNet, server: ElectingServer): void {
  for (const { decision } of server.decisions) {
    const { vote, state, voters } = decision;
    assert.ok(net.config.participants.has(vote.leader), 'a participant leads');
    assert.ok(voters.hasAllQuorums(), 'a quorum has agreed');
    assert.equal(state === 'LEADING', vote.leader === server.id);
    if (state !== 'LEADING') {
      assert.equal(state, net.config.observers.has(server.id) ? 'OBSERVING' : 'FOLLOWING');
    }
  }
}

describe('elections over a net that loses, delays and overtakes', () => {
  it('have at most one leader a round that a quorum believes in, and end when the net is good', () => {
    fc.assert(
      fc.property(weather, (conditions) => {
        const storm = new Storm(conditions);
        storm.run();
        checkOneLeaderPerRound(storm.net);
        for (const server of storm.net.servers.values()) checkDecisions(storm.net, server);
        const leaders = new Set([...storm.net.servers.values()].map((server) => server.leader));
        assert.equal(leaders.size, 1, JSON.stringify(storm.net.states));
        assert.ok(!leaders.has(undefined), JSON.stringify(storm.net.states));
      }),
      { numRuns: 150 },
    );
  });

  it('among servers that all hear each other, elect the one that is ahead of all', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ zxid: fc.nat(3), epoch: fc.nat(2) }), { minLength: 1, maxLength: 9 }),
        fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        (states, seed) => {
          const random = new SimRandom(seed);
          const net = new ElectionNet(configOf(states.map((_, index) => index + 1)));
          net.carrier = () => [random.below(90)];
          const candidates = states.map(({ zxid, epoch }, index) => {
            net.add(index + 1, { zxid, epoch });
            return { leader: index + 1, zxid, peerEpoch: epoch };
          });
          net.start(...candidates.map(({ leader }) => leader));
          net.time.advance(2 * 60_000);
          const best = candidates.reduce((a, b) => (isAhead(a, b) ? a : b));
          for (const server of net.servers.values()) assert.equal(server.leader, best.leader);
        },
      ),
      { numRuns: 100 },
    );
  });
});
