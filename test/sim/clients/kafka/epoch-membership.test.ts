import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cluster } from '../../../../src/clients/kafka/cluster/cluster.ts';
import type { TopicPartition } from '../../../../src/clients/kafka/cluster/cluster-metadata.ts';
import { EpochMembership } from '../../../../src/clients/kafka/consumer/group/epoch-membership.ts';
import type { MembershipHost } from '../../../../src/clients/kafka/consumer/group/group-membership.ts';
import { Subscription } from '../../../../src/clients/kafka/consumer/subscription.ts';
import { isKafkaError } from '../../../../src/clients/kafka/kafka-error.ts';
import { Simulation } from '../../../../src/env/sim/simulation.ts';
import { EpochGroupModel } from '../../../support/kafka/epoch-group-model.ts';

const PARTITIONS = 6;

/** What a consumer does for its membership: partitions, a listener that takes its time, turns while it waits. */
class Member implements MembershipHost {
  readonly subscription = new Subscription();
  isWaiting = true;
  readonly events: string[] = [];
  readonly membership: EpochMembership;
  readonly cluster: Cluster;
  private readonly world: World;
  private isStopped = false;
  readonly working: Promise<void>;

  constructor(
    world: World,
    name: string,
    options: { groupInstanceId?: string; maxPollIntervalMs?: number } = {},
  ) {
    this.world = world;
    this.cluster = new Cluster(world.sim.host(name).env, { bootstrapServers: 'broker:9092' });
    this.subscription.kind = 'topics';
    this.subscription.topics = new Set([world.model.topic]);
    const { groupInstanceId = null, maxPollIntervalMs = 60_000 } = options;
    this.membership = new EpochMembership(
      this.cluster,
      { groupId: 'g', groupInstanceId, groupRemoteAssignor: null, maxPollIntervalMs, clientRack: '' },
      this,
    );
    this.working = this.work();
  }

  get owned(): number[] {
    return [...this.subscription.partitions].map(({ partition }) => partition).sort();
  }

  wake(): void {}

  async assign(partitions: readonly TopicPartition[]): Promise<void> {
    // What it has, and has not heard to have lost, it does not take.
    const owned = new Set(this.owned);
    for (const { partition } of partitions) if (!owned.has(partition)) this.world.check(this, partition);
    this.events.push(`assign ${partitions.map(({ partition }) => partition).join()}`);
    this.subscription.setAssigned(partitions);
  }

  async revoke(partitions: readonly TopicPartition[]): Promise<void> {
    this.events.push(`revoke ${partitions.map(({ partition }) => partition).join()}`);
    // A listener that commits.
    await this.world.sim.advance(this.world.sim.random.below(300));
    this.drop(partitions);
  }

  async lose(partitions: readonly TopicPartition[]): Promise<void> {
    this.events.push(`lose ${partitions.map(({ partition }) => partition).join()}`);
    this.drop(partitions);
  }

  async stop(always = false): Promise<void> {
    this.isStopped = true;
    await this.working.catch(() => undefined);
    this.drop([...this.subscription.partitions]);
    await this.membership.leave('', always ? 'always' : 'if-dynamic');
    this.cluster.close();
  }

  private drop(partitions: readonly TopicPartition[]): void {
    const gone = new Set(partitions.map(({ partition }) => partition));
    this.subscription.setAssigned(
      [...this.subscription.partitions].filter(({ partition }) => !gone.has(partition)),
    );
  }

  private async work(): Promise<void> {
    while (!this.isStopped) {
      if (this.isWaiting) {
        this.membership.polled();
        if (this.membership.needsTurn) await this.membership.turn();
      }
      await this.world.sim.advance(20);
    }
  }
}

class World {
  readonly sim: Simulation;
  readonly model: EpochGroupModel;
  readonly members: Member[] = [];

  constructor(seed: number) {
    this.sim = new Simulation({ seed });
    this.model = new EpochGroupModel(this.sim.host('broker').env, PARTITIONS);
  }

  join(options: { groupInstanceId?: string; maxPollIntervalMs?: number } = {}): Member {
    const member = new Member(this, `client-${this.members.length}`, options);
    this.members.push(member);
    return member;
  }

  /** Nobody takes a partition that another has, unless that one is out and only has not heard of it. */
  check(member: Member, partition: number): void {
    for (const other of this.members) {
      if (other === member || !other.owned.includes(partition)) continue;
      const isIn = this.model.members.has(other.membership.identity.memberId);
      assert(!isIn, `${partition} is taken while another member has it`);
    }
  }

  /** Each partition is with one of the members, and they are divided evenly. */
  async settled(members: readonly Member[]): Promise<void> {
    const isSettled = () => {
      const all = members.flatMap(({ owned }) => owned);
      const most = Math.ceil(PARTITIONS / members.length);
      return (
        all.length === PARTITIONS &&
        new Set(all).size === PARTITIONS &&
        members.every(({ owned }) => owned.length <= most)
      );
    };
    await this.sim.runUntil(isSettled, { withinMs: 60_000 });
  }
}

async function tell(seed: number, story: (world: World) => Promise<void>): Promise<void> {
  const world = new World(seed);
  await world.sim.run(async () => {
    await world.model.start(world.sim.host('broker').env);
    await story(world);
    await Promise.all(world.members.map((member) => member.stop(true)));
    assert.deepEqual(world.model.complaints, []);
  });
}

describe('members of a group of the new protocol', () => {
  it('give up what goes to a member that joins, and nothing else', async () => {
    await tell(3, async (world) => {
      const first = world.join();
      await world.settled([first]);
      const second = world.join();
      await world.settled([first, second]);
      const [, revoke, assign] = first.events;
      assert.equal(first.events[0], 'assign 0,1,2,3,4,5');
      assert.match(revoke ?? '', /^revoke (0,2,4|1,3,5)$/);
      assert.match(assign ?? '', /^assign (0,2,4|1,3,5)$/);
      await second.stop();
      world.members.pop();
      await world.settled([first]);
    });
  });

  it('are told that they have lost everything when they were thrown out, and come back', async () => {
    await tell(4, async (world) => {
      const member = world.join();
      await world.settled([member]);
      world.model.throwOut(member.membership.identity.memberId);
      await world.sim.runUntil(() => member.events.length >= 3, { withinMs: 10_000 });
      await world.settled([member]);
      assert.deepEqual(member.events, ['assign 0,1,2,3,4,5', 'lose 0,1,2,3,4,5', 'assign 0,1,2,3,4,5']);
    });
  });

  it('leave when they do not poll, and come back when they do', async () => {
    await tell(5, async (world) => {
      const lazy = world.join({ maxPollIntervalMs: 2000 });
      const busy = world.join();
      await world.settled([lazy, busy]);
      lazy.isWaiting = false;
      await world.sim.runUntil(() => busy.owned.length === PARTITIONS, { withinMs: 20_000 });
      assert.equal(lazy.owned.length, 3, 'it has not heard of it');
      lazy.isWaiting = true;
      await world.settled([lazy, busy]);
      assert(lazy.events.some((event) => event.startsWith('lose')));
    });
  });

  it('are refused when another member has their instance id', async () => {
    await tell(6, async (world) => {
      const first = world.join({ groupInstanceId: 'one' });
      await world.settled([first]);
      const second = world.join({ groupInstanceId: 'one' });
      await assert.rejects(second.working, (error) => isKafkaError(error, 'UNRELEASED_INSTANCE_ID'));
      await world.settled([first]);
    });
  });

  it('commit with the epoch that they have, and not while they have none', async () => {
    await tell(7, async (world) => {
      const member = world.join();
      assert.equal(member.membership.identity.generationId, -1);
      await member.membership.settled();
      assert.equal(member.membership.identity.generationId, 1);
      await member.stop();
      await assert.rejects(member.membership.settled(), (error) => isKafkaError(error, 'UNKNOWN_MEMBER_ID'));
    });
  });

  for (let seed = 1; seed <= 30; seed++) {
    it(`have each partition to themselves, whatever happens to them and the coordinator (seed ${seed})`, async () => {
      await tell(seed, storm);
    });
  }
});

/** Members come and go, are thrown out and cut off; the coordinator crashes. */
async function storm(world: World): Promise<void> {
  const { sim, model } = world;
  const { random } = sim;
  let calm = false;
  model.broker.fault = () =>
    calm || random.below(6) > 0 ? 'none' : random.below(2) === 0 ? 'before' : 'after';
  const host = sim.host('broker');
  const alive = [world.join(), world.join()];
  for (let round = 0; round < 8; round++) {
    await sim.advance(300 + random.below(2500));
    const draw = random.below(5);
    const victim = alive[random.below(alive.length)];
    if (draw === 0 && alive.length < 4) alive.push(world.join());
    else if (draw === 1 && victim !== undefined && alive.length > 1) {
      alive.splice(alive.indexOf(victim), 1);
      await victim.stop();
    } else if (draw === 2 && victim !== undefined) model.throwOut(victim.membership.identity.memberId);
    else if (draw === 3) {
      host.crash();
      await sim.advance(random.below(2000));
      await model.start(host.restart());
    } else if (draw === 4 && victim !== undefined) {
      victim.isWaiting = false;
      await sim.advance(random.below(4000));
      victim.isWaiting = true;
    }
  }
  calm = true;
  await world.settled(alive);
}
