import { createAdmin, createConsumer, createProducer } from '../../../src/clients/kafka/index.ts';
import { until } from '../../../tools/until.ts';

/** Topics, records and groups that the cases read; of what they change there is one for each side. */
export async function prepare(bootstrapServers: string, sides: readonly string[]): Promise<void> {
  await using admin = createAdmin({ bootstrapServers });
  const cut = sides.map((side) => `cut-${side}`);
  await admin.createTopics([
    { name: 'read-only', partitions: 3, replicationFactor: 1, configs: { 'retention.ms': '-1' } },
    { name: 'wide', partitions: 20, replicationFactor: 1 },
    ...cut.map((name) => ({ name, partitions: 1, replicationFactor: 1, configs: { 'retention.ms': '-1' } })),
  ]);
  await using producer = createProducer({ bootstrapServers });
  const records = Array.from({ length: 30 }, (_, index) => ({
    topic: 'read-only',
    partition: index % 3,
    timestamp: 1_600_000_000_000 + index,
    key: `key ${index}`,
    value: `value ${index}`,
  }));
  const toCut = cut.flatMap((topic) =>
    Array.from({ length: 10 }, (_, index) => ({ topic, partition: 0, value: `value ${index}` })),
  );
  await Promise.all([...records, ...toCut].map((record) => producer.send(record)));
  for (const groupId of ['idle', ...sides.map((side) => `idle-${side}`)]) {
    await admin.alterConsumerGroupOffsets(groupId, [
      { topic: 'read-only', partition: 0, offset: 4 },
      { topic: 'read-only', partition: 2, offset: 10 },
      { topic: 'wide', partition: 11, offset: 0 },
    ]);
  }
}

/** A member of the group `busy` that has all partitions of `wide`; resolves to what ends it. */
export async function joinBusyGroup(bootstrapServers: string): Promise<() => Promise<void>> {
  const consumer = createConsumer({ bootstrapServers, groupId: 'busy', clientId: 'busy-client' });
  consumer.subscribe('wide');
  const stopping = new AbortController();
  const reading = consumer.poll({ signal: stopping.signal }).catch(() => undefined);
  await using admin = createAdmin({ bootstrapServers });
  await until('a member of the group busy', async () => {
    const group = (await admin.describeConsumerGroups(['busy'])).get('busy');
    return group?.state === 'Stable' && group.members[0]?.assignment.length === 20;
  });
  return async () => {
    stopping.abort();
    await reading;
    await consumer.close();
  };
}
