import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cluster } from '../../../../../src/clients/kafka/cluster/cluster.ts';
import { isKafkaError, KafkaError } from '../../../../../src/clients/kafka/kafka-error.ts';
import type { BrokerSimulation } from '../../../../support/kafka/broker-simulation.ts';
import { joinClassicGroup } from '../../../../support/kafka/group-members.ts';
import { administer } from './admin-world.ts';

const ORDERS = { topic: 'orders', partition: 0 };
const isCode = (code: KafkaError['code']) => (error: unknown) => isKafkaError(error, code);

/** Has a member enter a group of the simulated servers; gives its id. */
async function join({ sim }: BrokerSimulation, groupId: string): Promise<string> {
  const options = { bootstrapServers: 'broker:9092', clientId: 'reader' };
  const cluster = new Cluster(sim.host('member').env, options);
  const memberId = await joinClassicGroup(cluster, groupId, 'orders');
  cluster.close();
  return memberId;
}

describe('groups by the admin client', () => {
  it('have offsets that are set, told and deleted', async () => {
    await administer(async (admin) => {
      await admin.createTopics([{ name: 'orders', partitions: 2 }]);
      await admin.alterConsumerGroupOffsets('readers', [
        { ...ORDERS, offset: 5, metadata: 'by hand' },
        { topic: 'orders', partition: 1, offset: 0, leaderEpoch: 0 },
      ]);
      const offsets = await admin.listConsumerGroupOffsets(['readers', 'nobody']);
      assert.deepEqual(offsets.get('readers')?.get('orders-0'), {
        ...ORDERS,
        offset: 5,
        leaderEpoch: undefined,
        metadata: 'by hand',
      });
      assert.equal(offsets.get('readers')?.get('orders-1')?.leaderEpoch, 0);
      assert.equal(offsets.get('nobody')?.size, 0);
      const one = await admin.listConsumerGroupOffsets([{ groupId: 'readers', partitions: [ORDERS] }]);
      assert.deepEqual([...(one.get('readers')?.keys() ?? [])], ['orders-0']);

      const [listing] = await admin.listGroups();
      assert.deepEqual(listing, { groupId: 'readers', protocolType: '', state: 'Empty', type: 'Classic' });
      await admin.deleteConsumerGroupOffsets('readers', [ORDERS]);
      assert.equal((await admin.listConsumerGroupOffsets(['readers'])).get('readers')?.size, 1);
      await admin.deleteGroups(['readers']);
      assert.deepEqual(await admin.listGroups(), []);
      await assert.rejects(admin.deleteGroups(['readers']), isCode('GROUP_ID_NOT_FOUND'));
      await assert.rejects(
        admin.deleteConsumerGroupOffsets('readers', [ORDERS]),
        isCode('GROUP_ID_NOT_FOUND'),
      );
    });
  });

  it('are told of with their members, who can be sent away', async () => {
    await administer(async (admin, servers) => {
      await admin.createTopics([{ name: 'orders' }]);
      const memberId = await join(servers, 'readers');
      const group = (
        await admin.describeConsumerGroups(['readers'], { includeAuthorizedOperations: true })
      ).get('readers');
      assert.equal(group?.state, 'Stable');
      assert.equal(group.type, 'Classic');
      assert.equal(group.assignor, 'range');
      assert.equal(group.coordinator?.id, 7);
      assert.ok(group.authorizedOperations?.includes('DELETE'));
      assert.equal(group.members[0]?.memberId, memberId);
      assert.equal(group.members[0]?.clientId, 'reader');
      assert.deepEqual(group.members[0]?.assignment, [ORDERS]);
      const classic = (await admin.describeClassicGroups(['readers'])).get('readers');
      assert.equal(classic?.members[0]?.metadata.length, 10);

      assert.deepEqual(await admin.listGroups({ states: ['Empty'] }), []);
      assert.equal((await admin.listGroups({ types: ['classic'], protocolTypes: ['consumer'] })).length, 1);
      await assert.rejects(admin.deleteGroups(['readers']), isCode('NON_EMPTY_GROUP'));
      const removed = await admin
        .removeMembersFromConsumerGroup('readers', { members: [{ memberId: 'nobody' }] })
        .settled();
      assert.ok(isKafkaError(removed.get('nobody'), 'UNKNOWN_MEMBER_ID'));
      await admin.removeMembersFromConsumerGroup('readers');
      assert.equal((await admin.describeConsumerGroups(['readers'])).get('readers')?.state, 'Empty');
    });
  });

  it('of a kind that the broker does not have are refused with the name of the API', async () => {
    await administer(async (admin) => {
      await assert.rejects(admin.describeShareGroups(['queue']), (error) => {
        assert.ok(error instanceof KafkaError);
        assert.equal(error.code, 'UNSUPPORTED');
        assert.match(error.message, /ShareGroupDescribe/);
        return true;
      });
      await assert.rejects(admin.listShareGroupOffsets(['queue']), isCode('UNSUPPORTED'));
    });
  });
});

describe('offsets of partitions by the admin client', () => {
  it('are told for the points of a log, and refused partition by partition', async () => {
    await administer(async (admin) => {
      await admin.createTopics([{ name: 'orders', partitions: 3 }]);
      const at = (partition: number) => ({ topic: 'orders', partition });
      const outcomes = await admin
        .listOffsets(
          [
            { ...at(0), at: 'latest' },
            { ...at(1), at: { timestampMs: 5 } },
            { ...at(2), at: 'maxTimestamp' },
            { ...at(3), at: 'earliest' },
          ],
          { timeoutMs: 300, isolationLevel: 'read_committed' },
        )
        .settled();
      assert.deepEqual(outcomes.get('orders-0'), {
        ...at(0),
        offset: 0,
        timestampMs: -1,
        leaderEpoch: 0,
      });
      assert.deepEqual(outcomes.get('orders-1'), {
        ...at(1),
        offset: -1,
        timestampMs: -1,
        leaderEpoch: undefined,
      });
      assert.ok(!(outcomes.get('orders-2') instanceof KafkaError));
      assert.ok(isKafkaError(outcomes.get('orders-3'), 'UNKNOWN_TOPIC_OR_PARTITION'));
    });
  });
});
