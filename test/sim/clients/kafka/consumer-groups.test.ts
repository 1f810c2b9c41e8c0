import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConsumerOptions } from '../../../../src/clients/kafka/consumer/consumer-options.ts';
import type {
  Assignor,
  RebalanceProtocol,
} from '../../../../src/clients/kafka/consumer/group/assignors/assignor.ts';
import { isKafkaError } from '../../../../src/clients/kafka/kafka-error.ts';
import { ConsumerGroup } from './consumer-group.ts';

async function tell(
  seed: number,
  options: Partial<ConsumerOptions<Buffer, string>>,
  story: (group: ConsumerGroup) => Promise<void>,
): Promise<void> {
  const group = new ConsumerGroup(seed, options);
  await group.servers.sim.run(async () => {
    await group.start();
    await story(group);
    await group.end();
  });
}

const twice = (group: ConsumerGroup): string[] =>
  [...group.seen].filter(([, count]) => count > 1).map(([value]) => value);

describe('a group of consumers', () => {
  for (const assignor of ['range', 'roundrobin', 'sticky', 'cooperative-sticky'] as const) {
    it(`divides the partitions anew as members come and go (${assignor})`, async () => {
      await tell(21, { partitionAssignors: [assignor] }, async (group) => {
        group.join('a');
        await group.divided(6);
        await group.send(30, 1000);
        group.join('b');
        await group.send(30, 5000);
        await group.divided(3, 3);
        group.join('c');
        await group.send(30, 8000);
        await group.divided(2, 2, 2);
        await group.close('a');
        await group.send(30, 8000);
        await group.divided(3, 3);
        await group.allRead();
        assert.deepEqual(twice(group), [], 'members that go in good order leave nothing to be read twice');
      });
    });
  }

  it('goes on without a member whose process has ended', async () => {
    await tell(22, { partitionAssignors: ['range'] }, async (group) => {
      group.join('a');
      group.join('b');
      await group.divided(3, 3);
      await group.send(30, 3000);
      group.kill('a');
      await group.send(30, 12_000);
      await group.divided(6);
      await group.allRead();
    });
  });

  it('leaves the partitions that stay alone, if it is cooperative', async () => {
    await tell(23, { partitionAssignors: ['cooperative-sticky'] }, async (group) => {
      const first = group.join('a');
      await group.divided(6);
      group.join('b');
      await group.send(30, 6000);
      await group.divided(3, 3);
      assert.equal(first.changes[0], '+012345');
      const revoked = first.changes.filter((change) => change.startsWith('-'));
      assert.equal(revoked.join().length, 4, `three partitions in one go: ${first.changes.join()}`);
      await group.allRead();
    });
  });

  it('does not notice that a static member restarts', async () => {
    await tell(24, { partitionAssignors: ['range'] }, async (group) => {
      group.join('a', { groupInstanceId: 'one' });
      const other = group.join('b', { groupInstanceId: 'two' });
      await group.divided(3, 3);
      await group.send(12, 3000);
      const before = other.changes.length;
      const generation = other.consumer.groupMetadata().generationId;
      await group.close('a');
      await group.send(12, 2000);
      group.join('a', { groupInstanceId: 'one' });
      await group.send(12, 2000);
      await group.divided(3, 3);
      await group.allRead();
      assert.equal(other.changes.length, before);
      assert.equal(other.consumer.groupMetadata().generationId, generation);
      assert.deepEqual(twice(group), []);
    });
  });

  it('takes the partitions away from a member that does not ask for records', async () => {
    await tell(25, { partitionAssignors: ['range'], maxPollIntervalMs: 5000 }, async (group) => {
      const slow = group.joinIdle('a');
      const { sim } = group.servers;
      group.note(await slow.consumer.poll({ timeoutMs: 1000 }));
      assert.deepEqual(slow.changes, ['+012345']);
      // It is busy for longer than it may.
      const other = group.join('b');
      await group.send(12, 4000);
      assert.deepEqual(other.changes, []);
      await sim.advance(5000);
      assert.deepEqual(other.changes, ['+012345']);
      await group.allRead();
      group.read(slow);
      await group.divided(3, 3);
      assert.deepEqual(slow.changes.slice(0, 2), ['+012345', '!012345']);
    });
  });
});

/** Gives everything to one member: the one that joined last. */
const toTheLast = (protocol: RebalanceProtocol): Assignor => ({
  name: 'to-the-last',
  protocols: [protocol],
  assign({ topics, members }) {
    const last = members.map(({ memberId }) => memberId).sort()[members.length - 1];
    const all = [...topics].flatMap(([topic, partitions]) =>
      partitions.map(({ partition }) => ({ topic, partition })),
    );
    return new Map(
      members.map(({ memberId }) => [memberId, { partitions: memberId === last ? all : [], userData: null }]),
    );
  },
});

describe('an assignor of the user', () => {
  it('divides as it likes', async () => {
    await tell(26, { partitionAssignors: [toTheLast('eager')] }, async (group) => {
      group.join('a');
      await group.divided(6);
      group.join('b');
      await group.send(12, 4000);
      await group.divided(0, 6);
      await group.allRead();
    });
  });

  it('is refused what would give a partition to two members', async () => {
    await tell(27, { partitionAssignors: [toTheLast('cooperative')] }, async (group) => {
      const first = group.join('a');
      await group.divided(6);
      const other = group.join('b');
      const failure = await Promise.race([first.done, other.done]).catch((error: unknown) => error);
      assert.ok(isKafkaError(failure, 'INVALID_STATE'), String(failure));
      for (const { name, done } of [first, other]) {
        done.catch(() => undefined);
        group.kill(name);
      }
    });
  });
});

describe('a member', () => {
  it('has the group divide its partitions again', async () => {
    await tell(28, { partitionAssignors: ['range'] }, async (group) => {
      const { consumer, changes } = group.join('a');
      await group.divided(6);
      const before = consumer.groupMetadata().generationId;
      consumer.enforceRebalance();
      await group.servers.until('once more', async () => changes.length === 3);
      assert.deepEqual(changes, ['+012345', '-012345', '+012345']);
      assert.ok(consumer.groupMetadata().generationId > before);
    });
  });

  it('does not leave when it is closed so, and is missed only after its session', async () => {
    await tell(29, { partitionAssignors: ['range'] }, async (group) => {
      const first = group.join('a');
      group.join('b');
      await group.divided(3, 3);
      await first.consumer.close({ leaveGroup: false });
      group.members.delete('a');
      await group.servers.sim.advance(4000);
      await group.divided(3);
      await group.servers.sim.advance(4000);
      await group.divided(6);
    });
  });
});

const TROUBLES: Readonly<Record<string, (group: ConsumerGroup) => Promise<void>>> = {
  async 'members crash and come back'(group) {
    for (let round = 0; round < 3; round++) {
      const name = ['a', 'b', 'c'][group.servers.sim.random.below(3)] ?? 'a';
      group.kill(name);
      await group.servers.sim.advance(500 + group.servers.sim.random.below(8000));
      group.join(name);
      await group.servers.sim.advance(3000);
    }
  },
  async 'connections break'({ servers: { sim } }) {
    const links = ['a', 'b', 'c'].flatMap((name) =>
      [1, 2].flatMap((id) => [
        [`member-${name}`, `broker-${id}`] as const,
        [`broker-${id}`, `member-${name}`] as const,
      ]),
    );
    for (const [from, to] of links) sim.network.setLink(from, to, { resetProbability: 0.03 });
    await sim.advance(10_000);
    for (const [from, to] of links) sim.network.setLink(from, to, { resetProbability: 0 });
  },
  async 'members are cut off for longer than their session'({ servers: { sim } }) {
    for (const name of ['a', 'b']) {
      sim.network.partition([`member-${name}`], ['broker-1', 'broker-2']);
      await sim.advance(9000);
      sim.network.heal();
      await sim.advance(2000);
    }
  },
  async 'a broker is killed and comes back'({ servers }) {
    servers.kill(2);
    await servers.sim.advance(7000);
    await servers.startBroker(2);
    await servers.sim.advance(3000);
  },
};

describe('every record is read, whatever happens to the group', () => {
  for (const [name, trouble] of Object.entries(TROUBLES)) {
    for (const assignor of ['range', 'cooperative-sticky'] as const) {
      for (const seed of [31, 32]) {
        it(`${name} (${assignor}, seed ${seed})`, async () => {
          await tell(seed, { partitionAssignors: [assignor] }, async (group) => {
            for (const member of ['a', 'b', 'c']) group.join(member);
            await group.divided(2, 2, 2);
            await Promise.all([group.send(120, 15_000), trouble(group)]);
            await group.divided(2, 2, 2);
            await group.allRead();
          });
        });
      }
    }
  }
});
