import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isKafkaError, KafkaError } from '../../../../../src/clients/kafka/kafka-error.ts';
import { administer } from './admin-world.ts';

const ORDERS = { topic: 'orders', partition: 0 };
const isCode = (code: KafkaError['code']) => (error: unknown) => isKafkaError(error, code);

describe('a cluster by the admin client', () => {
  it('elects leaders, and says of each partition why it did not', async () => {
    await administer(async (admin) => {
      await admin.createTopics([{ name: 'orders' }]);
      const outcomes = await admin
        .electLeaders('PREFERRED', { partitions: [ORDERS, { topic: 'nothing', partition: 0 }] })
        .settled();
      assert.ok(isKafkaError(outcomes.get('orders-0'), 'ELECTION_NOT_NEEDED'));
      assert.ok(isKafkaError(outcomes.get('nothing-0'), 'UNKNOWN_TOPIC_OR_PARTITION'));
      assert.equal((await admin.electLeaders('UNCLEAN')).size, 0);
    });
  });

  it('moves partitions, or says why it cannot', async () => {
    await administer(async (admin) => {
      await admin.createTopics([{ name: 'orders', partitions: 2 }]);
      const outcomes = await admin
        .alterPartitionReassignments([
          { ...ORDERS, replicas: [99] },
          { topic: 'orders', partition: 1, replicas: null },
        ])
        .settled();
      assert.ok(isKafkaError(outcomes.get('orders-0'), 'INVALID_REPLICA_ASSIGNMENT'));
      assert.ok(isKafkaError(outcomes.get('orders-1'), 'NO_REASSIGNMENT_IN_PROGRESS'));
      await admin.alterPartitionReassignments([{ ...ORDERS, replicas: [7] }]);
      assert.equal((await admin.listPartitionReassignments()).size, 0);
      assert.equal((await admin.listPartitionReassignments({ partitions: [ORDERS] })).size, 0);
    });
  });

  it('tells what is in its log directories', async () => {
    await administer(async (admin) => {
      await admin.createTopics([{ name: 'orders' }]);
      const [directory] = (await admin.describeLogDirs([7])).get(7) ?? [];
      assert.equal(directory?.error, undefined);
      assert.deepEqual(directory?.replicas, [{ ...ORDERS, sizeBytes: 0, offsetLag: 0, isFuture: false }]);
      const replica = { ...ORDERS, brokerId: 7 };
      const path = directory.path;
      const where = await admin.describeReplicaLogDirs([replica, { ...replica, partition: 5 }]);
      assert.deepEqual(where.get('orders-0-7'), {
        ...replica,
        current: { path, offsetLag: 0 },
        future: undefined,
      });
      assert.equal(where.get('orders-5-7')?.current, undefined);
      await admin.alterReplicaLogDirs([{ ...replica, path }]);
      await assert.rejects(
        admin.alterReplicaLogDirs([{ ...replica, path: '/elsewhere' }]),
        isCode('LOG_DIR_NOT_FOUND'),
      );
      const gone = await admin.describeLogDirs([7, 99], { timeoutMs: 300 }).settled();
      assert.ok(!(gone.get(7) instanceof KafkaError));
      assert.ok(isKafkaError(gone.get(99), 'BROKER_NOT_AVAILABLE'));
    });
  });

  it('keeps quotas of clients', async () => {
    await administer(async (admin) => {
      const entity = { user: 'alice', 'client-id': null };
      await admin.alterClientQuotas([
        { entity, quotas: { producer_byte_rate: 1000, consumer_byte_rate: 2000 } },
        { entity: { 'client-id': 'loader' }, quotas: { request_percentage: 50 } },
      ]);
      await admin.alterClientQuotas([{ entity, quotas: { consumer_byte_rate: null } }]);
      const told = async (...args: Parameters<typeof admin.describeClientQuotas>) => {
        let quotas = await admin.describeClientQuotas(...args);
        // The broker hears of changes from ZooKeeper, a moment later.
        while (Object.keys(quotas[0]?.quotas ?? {}).length !== 1) {
          quotas = await admin.describeClientQuotas(...args);
        }
        return quotas;
      };
      const alice = { components: [{ entityType: 'user', name: 'alice' }] };
      assert.deepEqual(await told(alice), [{ entity, quotas: { producer_byte_rate: 1000 } }]);
      assert.deepEqual(await told({ components: [{ entityType: 'client-id' }], strict: true }), [
        { entity: { 'client-id': 'loader' }, quotas: { request_percentage: 50 } },
      ]);
      const outcomes = await admin
        .alterClientQuotas([{ entity: { planet: 'earth' }, quotas: { producer_byte_rate: 1 } }])
        .settled();
      assert.ok(isKafkaError(outcomes.get(0), 'INVALID_REQUEST'));
    });
  });

  it('keeps credentials of users, of whom it never hears the passwords', async () => {
    await administer(async (admin) => {
      const outcomes = await admin
        .alterUserScramCredentials([
          { user: 'alice', mechanism: 'SCRAM-SHA-256', password: 'secret', iterations: 4096 },
          { user: 'bob', mechanism: 'SCRAM-SHA-512', password: '', iterations: 4096 },
        ])
        .settled();
      assert.equal(outcomes.get('alice'), undefined);
      assert.ok(isKafkaError(outcomes.get('bob'), 'INVALID_ARGUMENT'));
      const credentials = await admin.describeUserScramCredentials();
      assert.deepEqual([...credentials], [['alice', [{ mechanism: 'SCRAM-SHA-256', iterations: 4096 }]]]);
      await assert.rejects(
        admin.describeUserScramCredentials({ users: ['bob'] }),
        isCode('RESOURCE_NOT_FOUND'),
      );
      await admin.alterUserScramCredentials([{ user: 'alice', mechanism: 'SCRAM-SHA-256', remove: true }]);
      assert.equal((await admin.describeUserScramCredentials()).size, 0);
    });
  });

  it('tells the APIs of its brokers and its features', async () => {
    await administer(async (admin) => {
      const apis = (await admin.apiVersions()).get(7);
      assert.equal(apis?.versions.get(18)?.max, 4);
      const { finalized, supported } = await admin.describeFeatures({ brokerId: 7 });
      assert.deepEqual([...finalized], []);
      assert.deepEqual([...supported], [...apis.features.supported]);
      await assert.rejects(
        admin.updateFeatures([{ feature: 'metadata.version', maxVersionLevel: 7 }]),
        isCode('INVALID_REQUEST'),
      );
    });
  });

  it('tells the producers of partitions', async () => {
    await administer(async (admin) => {
      await admin.createTopics([{ name: 'orders' }]);
      const producers = await admin.describeProducers([ORDERS]);
      assert.deepEqual(producers.get('orders-0'), []);
      assert.deepEqual((await admin.describeProducers([ORDERS], { brokerId: 7 })).get('orders-0'), []);
    });
  });

  it('refuses by its name what it does not serve', async () => {
    await administer(async (admin) => {
      const calls: readonly [string, () => Promise<unknown>][] = [
        ['DescribeAcls', () => admin.describeAcls()],
        ['CreateDelegationToken', () => admin.createDelegationToken()],
        ['ListTransactions', () => admin.listTransactions()],
        ['DescribeQuorum', () => admin.describeMetadataQuorum()],
        ['UnregisterBroker', () => admin.unregisterBroker(7)],
        ['ListConfigResources', () => admin.listConfigResources()],
      ];
      for (const [api, call] of calls) {
        await assert.rejects(call(), (error) => {
          assert.ok(error instanceof KafkaError);
          assert.equal(error.code, 'UNSUPPORTED', api);
          assert.match(error.message, new RegExp(api));
          return true;
        });
      }
    });
  });
});
