import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isKafkaError } from '../../../../../src/clients/kafka/kafka-error.ts';
import { administer } from './admin-world.ts';

const TOPIC = { type: 'TOPIC', name: 'orders' } as const;

describe('configurations by the admin client', () => {
  it('of a topic are changed one by one, replaced and told with their synonyms', async () => {
    await administer(async (admin) => {
      await admin.createTopics([{ name: 'orders', configs: { 'cleanup.policy': 'compact' } }]);
      const entry = async (name: string) => {
        const described = await admin.describeConfigs([{ ...TOPIC, keys: [name] }], {
          includeSynonyms: true,
          includeDocumentation: true,
        });
        return described.get('TOPIC:orders')?.entries[0];
      };
      await admin.incrementalAlterConfigs([
        {
          ...TOPIC,
          changes: [
            { name: 'retention.ms', operation: 'SET', value: '1000' },
            { name: 'cleanup.policy', operation: 'APPEND', value: 'delete' },
          ],
        },
      ]);
      const retention = await entry('retention.ms');
      assert.equal(retention?.value, '1000');
      assert.equal(retention.source, 'DYNAMIC_TOPIC_CONFIG');
      assert.equal(retention.type, 'LONG');
      assert.equal(retention.synonyms[0]?.value, '1000');
      assert.equal((await entry('cleanup.policy'))?.value, 'compact,delete');

      await admin.incrementalAlterConfigs([
        { ...TOPIC, changes: [{ name: 'retention.ms', operation: 'DELETE' }] },
      ]);
      assert.equal((await entry('retention.ms'))?.isDefault, true);
      await admin.alterConfigs([{ ...TOPIC, configs: { 'retention.ms': '7' } }]);
      assert.equal((await entry('retention.ms'))?.value, '7');
      assert.equal((await entry('cleanup.policy'))?.value, 'delete');
    });
  });

  it('of a broker, of all brokers and of loggers go to the broker that knows them', async () => {
    await administer(async (admin) => {
      const broker = { type: 'BROKER', name: '7' } as const;
      const everybody = { type: 'BROKER', name: '' } as const;
      const changes = [{ name: 'log.cleaner.threads', operation: 'SET', value: '2' }] as const;
      await admin.incrementalAlterConfigs([{ ...everybody, changes }]);
      const resources = [
        { ...broker, keys: ['log.cleaner.threads', 'broker.id'] },
        everybody,
        { type: 'BROKER_LOGGER', name: '7' },
      ] as const;
      let described = await admin.describeConfigs(resources);
      // The broker hears of the change from ZooKeeper, a moment later.
      while (described.get('BROKER:')?.entries.length === 0)
        described = await admin.describeConfigs(resources);
      assert.equal(described.get('BROKER:')?.entries[0]?.value, '2');
      const entries = described.get('BROKER:7')?.entries ?? [];
      assert.equal(entries.find(({ name }) => name === 'broker.id')?.isReadOnly, true);
      const threads = entries.find(({ name }) => name === 'log.cleaner.threads');
      assert.equal(threads?.source, 'DYNAMIC_DEFAULT_BROKER_CONFIG');
      assert.deepEqual(described.get('BROKER_LOGGER:7')?.entries, []);
    });
  });

  it('that are wrong are told resource by resource', async () => {
    await administer(async (admin) => {
      await admin.createTopics([{ name: 'orders' }]);
      const change = (value: string) => [{ name: 'retention.ms', operation: 'SET', value }] as const;
      const outcomes = await admin
        .incrementalAlterConfigs(
          [
            { ...TOPIC, changes: change('long') },
            { type: 'BROKER', name: '99', changes: change('1') },
          ],
          { timeoutMs: 300 },
        )
        .settled();
      assert.ok(isKafkaError(outcomes.get('TOPIC:orders'), 'INVALID_CONFIG'));
      assert.ok(isKafkaError(outcomes.get('BROKER:99'), 'BROKER_NOT_AVAILABLE'));
    });
  });

  it('and the cluster itself are told', async () => {
    await administer(async (admin) => {
      const cluster = await admin.describeCluster({ includeAuthorizedOperations: true });
      assert.equal(cluster.controllerId, 7);
      assert.deepEqual(cluster.brokers, [{ id: 7, host: 'broker', port: 9092, rack: null, isFenced: false }]);
      assert.ok(cluster.authorizedOperations?.includes('CLUSTER_ACTION'));
      await assert.rejects(admin.describeCluster({ includeFencedBrokers: true }), (error) =>
        isKafkaError(error, 'UNSUPPORTED'),
      );
    });
  });
});
