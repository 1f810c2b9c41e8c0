import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isKafkaError, KafkaError } from '../../../../../src/clients/kafka/kafka-error.ts';
import { administer } from './admin-world.ts';

const isCode = (code: KafkaError['code']) => (error: unknown) => isKafkaError(error, code);

describe('topics by the admin client', () => {
  it('are created, told of, grown and deleted', async () => {
    await administer(async (admin) => {
      const created = await admin.createTopics([
        { name: 'orders', partitions: 2, replicationFactor: 1, configs: { 'retention.ms': '1000' } },
        { name: 'goods', assignments: [[7], [7], [7]] },
      ]);
      const orders = created.get('orders');
      assert.equal(orders?.partitions, 2);
      assert.equal(orders.replicationFactor, 1);
      assert.equal(orders.configs?.find(({ name }) => name === 'retention.ms')?.value, '1000');
      assert.deepEqual([...(await admin.listTopics()).keys()].sort(), ['goods', 'orders']);

      await admin.createPartitions([{ topic: 'orders', totalCount: 4 }]);
      const described = await admin.describeTopics(['orders', 'goods'], {
        includeAuthorizedOperations: true,
      });
      assert.equal(described.get('orders')?.partitions.length, 4);
      assert.equal(described.get('goods')?.partitions[2]?.leader, 7);
      assert.ok(described.get('goods')?.authorizedOperations?.includes('READ'));

      const topicId = orders.topicId ?? '';
      const byId = await admin.describeTopics({ topicIds: [topicId] });
      assert.equal(byId.get(topicId)?.name, 'orders');
      await admin.deleteTopics({ topicIds: [topicId] });
      await admin.deleteTopics(['goods']);
      assert.equal((await admin.listTopics()).size, 0);
    });
  });

  it('that the brokers do not get ready in time are said to be late, and are there', async () => {
    await administer(async (admin) => {
      const create = async () => admin.createTopics([{ name: 'orders', assignments: [[99]] }]);
      await assert.rejects(create, isCode('REQUEST_TIMED_OUT'));
      await assert.rejects(create, isCode('TOPIC_ALREADY_EXISTS'));
    });
  });

  it('tell the outcome of each, or reject with the first error', async () => {
    await administer(async (admin) => {
      await admin.createTopics([{ name: 'orders' }]);
      const outcomes = await admin.createTopics([{ name: 'orders' }, { name: 'goods' }]).settled();
      assert.ok(isKafkaError(outcomes.get('orders'), 'TOPIC_ALREADY_EXISTS'));
      assert.ok(!(outcomes.get('goods') instanceof KafkaError));
      await assert.rejects(admin.createTopics([{ name: 'orders' }]), isCode('TOPIC_ALREADY_EXISTS'));
      await assert.rejects(admin.deleteTopics(['nothing']), isCode('UNKNOWN_TOPIC_OR_PARTITION'));
      await assert.rejects(admin.describeTopics(['nothing']), isCode('UNKNOWN_TOPIC_OR_PARTITION'));
    });
  });

  it('are not created when they are only to be checked', async () => {
    await administer(async (admin) => {
      await admin.createTopics([{ name: 'orders' }], { validateOnly: true });
      assert.equal((await admin.listTopics({ includeInternal: true })).size, 0);
    });
  });

  it('are waited for while the broker is away, and given up with the signal', async () => {
    await administer(async (admin, servers) => {
      await admin.describeCluster();
      servers.host.crash();
      const creating = admin.createTopics([{ name: 'orders' }]);
      servers.host.restart();
      await servers.startBroker();
      assert.equal((await creating).size, 1);

      servers.host.crash();
      const abort = new AbortController();
      const deleting = admin.deleteTopics(['orders'], { signal: abort.signal });
      abort.abort(new Error('enough'));
      await assert.rejects(deleting.settled(), /enough/);
      await assert.rejects(admin.deleteTopics(['orders'], { timeoutMs: 300 }), isCode('UNREACHABLE'));
    });
  });

  it('lose their records up to an offset', async () => {
    await administer(async (admin) => {
      await admin.createTopics([{ name: 'orders' }]);
      const deleted = await admin.deleteRecords([{ topic: 'orders', partition: 0, beforeOffset: -1 }]);
      assert.deepEqual(deleted.get('orders-0'), { topic: 'orders', partition: 0, lowWatermark: 0 });
      const outcomes = await admin
        .deleteRecords(
          [
            { topic: 'orders', partition: 0, beforeOffset: 5 },
            { topic: 'nothing', partition: 0, beforeOffset: 0 },
          ],
          { timeoutMs: 500 },
        )
        .settled();
      assert.ok(isKafkaError(outcomes.get('orders-0'), 'OFFSET_OUT_OF_RANGE'));
      assert.ok(isKafkaError(outcomes.get('nothing-0'), 'UNKNOWN_TOPIC_OR_PARTITION'));
    });
  });
});
