import type * as kafkajs from 'kafkajs';
import { KAFKAJS_CONSUMER_SCENARIOS } from './kafkajs-consumer-scenarios.ts';
import {
  byPartition,
  byPartitionId,
  consume,
  type KafkaJSScenario,
  numbered,
  outcome,
  produce,
  withoutName,
  withTopic,
} from './kafkajs-stage.ts';

/** Programs that are played with kafkajs and with what takes its place. */
export const KAFKAJS_SCENARIOS: readonly KafkaJSScenario[] = [
  {
    name: 'topics: created once, with the error of a bad one, grown, listed, deleted',
    play: (stage) =>
      withTopic(stage, 'topics', 2, async (topic, admin) => {
        const again = await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] });
        const bad = await outcome(() => admin.createTopics({ topics: [{ topic: 'a/b' }] }));
        const twice = await outcome(() => admin.createTopics({ topics: [{ topic }, { topic }] }));
        await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
        const fewer = await outcome(() => admin.createPartitions({ topicPartitions: [{ topic, count: 1 }] }));
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
        const listed = (await admin.listTopics()).includes(topic);
        await admin.deleteTopics({ topics: [topic] });
        const gone = !(await admin.listTopics()).includes(topic);
        const partitions = topics[0]?.partitions.map((partition) => partition).sort(byPartitionId);
        return { again, bad, twice, fewer, partitions, listed, gone };
      }),
  },
  {
    name: 'configurations: described, altered, refused',
    play: (stage) =>
      withTopic(stage, 'configs', 1, async (topic, admin) => {
        const { ConfigResourceTypes } = stage.library;
        const type = ConfigResourceTypes.TOPIC;
        const altered = await admin.alterConfigs({
          validateOnly: false,
          resources: [{ type, name: topic, configEntries: [{ name: 'retention.ms', value: '3600000' }] }],
        });
        const described = await admin.describeConfigs({
          includeSynonyms: true,
          resources: [{ type, name: topic, configNames: ['retention.ms'] }],
        });
        const refused = await outcome(() =>
          admin.alterConfigs({
            validateOnly: false,
            resources: [{ type, name: topic, configEntries: [{ name: 'retention.ms', value: 'x' }] }],
          }),
        );
        const unknown = await outcome(() =>
          admin.describeConfigs({ includeSynonyms: false, resources: [{ type, name: 'no-such-topic' }] }),
        );
        return {
          altered: altered.resources.length,
          described: described.resources.map(withoutName),
          refused,
          unknown,
        };
      }),
  },
  {
    name: 'a send: partitions by key, explicit ones, reports, acks 0 and 1, headers and every codec',
    play: (stage) =>
      withTopic(stage, 'send', 3, async (topic, admin) => {
        const { kafka, library } = stage;
        const { CompressionTypes } = library;
        const keys = Array.from({ length: 30 }, (_, index) => ({ key: `key-${index}`, value: `${index}` }));
        const byKey = (await produce(kafka, library, topic, keys)).sort(byPartition).map(withoutName);
        const gzip = await produce(kafka, library, topic, numbered(3, 1), {
          compression: CompressionTypes.GZIP,
        });
        const acks1 = await produce(kafka, library, topic, numbered(2, 2), { acks: 1 });
        const acks0 = await produce(kafka, library, topic, numbered(2, 2), { acks: 0 });
        await produce(kafka, library, topic, [
          {
            key: null,
            value: null,
            partition: 0,
            headers: { one: 'a', two: ['b', Buffer.from('c')] },
            timestamp: '1234',
          },
        ]);
        const seen = await consume(stage, `${topic}-group`, topic, 38);
        const offsets = await admin.fetchTopicOffsets(topic);
        return {
          byKey,
          gzip: gzip.map(withoutName),
          acks1: acks1.map(withoutName),
          acks0,
          seen,
          offsets: offsets.sort(byPartition),
        };
      }),
  },
  {
    name: 'a send that cannot be: without a value, to no topic, before connect, after disconnect, to no partition',
    play: (stage) =>
      withTopic(stage, 'refused', 1, async (topic) => {
        const producer = stage.kafka.producer({ retry: { retries: 0 } });
        const message = { value: 'x' };
        const early = await outcome(() => producer.send({ topic, messages: [message] }));
        await producer.connect();
        const outcomes = [
          await outcome(() => producer.send({ topic, messages: [{ key: 'k' } as never] })),
          await outcome(() => producer.send({ topic: '', messages: [message] })),
          await outcome(() => producer.send({ topic } as never)),
          await outcome(() => producer.send({ topic: 'a/b', messages: [message] })),
          await outcome(() => producer.transaction()),
          await outcome(() => producer.on('producer.nothing' as never, () => undefined)),
        ];
        await producer.disconnect();
        const late = await outcome(() => producer.send({ topic, messages: [message] }));
        const idempotent = stage.kafka.producer({ idempotent: true });
        await idempotent.connect();
        const acks = await outcome(() => idempotent.send({ topic, acks: 1, messages: [message] }));
        const sent = await idempotent.send({ topic, messages: [message] });
        const is = idempotent.isIdempotent();
        await idempotent.disconnect();
        return { early, outcomes, late, acks, sent: sent.map(withoutName), is };
      }),
  },
  {
    name: 'offsets of a group: set, reset, resolved, refused',
    play: (stage) =>
      withTopic(stage, 'offsets', 2, async (topic, admin) => {
        const { kafka, library } = stage;
        await produce(kafka, library, topic, numbered(5, 0));
        const groupId = `${topic}-group`;
        const fetched = async (options = {}): Promise<unknown> =>
          (await admin.fetchOffsets({ groupId, topics: [topic], ...options })).map(({ partitions }) =>
            partitions.sort(byPartition),
          );
        const before = await fetched();
        await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '3' }] });
        const set = await fetched();
        await admin.resetOffsets({ groupId, topic, earliest: true });
        const earliest = await fetched();
        const resolved = await fetched({ resolveOffsets: true });
        const bad = [
          await outcome(() => admin.setOffsets({ groupId: '', topic, partitions: [] })),
          await outcome(() => admin.setOffsets({ groupId, topic, partitions: [] })),
          await outcome(() => admin.fetchOffsets({ groupId: '' })),
          await outcome(() => admin.fetchTopicOffsets('')),
        ];
        const byTime = await admin.fetchTopicOffsetsByTimestamp(topic, Date.now() + 1_000_000);
        await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] });
        const ends = await admin.fetchTopicOffsets(topic);
        const beyond = await outcome(() =>
          admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '99' }] }),
        );
        return {
          before,
          set,
          earliest,
          resolved,
          bad,
          byTime: byTime.sort(byPartition),
          ends: ends.sort(byPartition),
          beyond,
        };
      }),
  },
  {
    name: 'a cluster that is not there',
    play: async ({ library }) => {
      const kafka = new library.Kafka({
        brokers: ['127.0.0.1:1'],
        logLevel: library.logLevel.NOTHING,
        retry: { retries: 1, initialRetryTime: 10 },
      });
      const empty = new library.Kafka({
        brokers: () => [],
        logLevel: library.logLevel.NOTHING,
        retry: { retries: 0 },
      });
      return {
        admin: await outcome(() => kafka.admin().connect()),
        producer: await outcome(() => kafka.producer().connect()),
        empty: await outcome(() => empty.admin().connect()),
      };
    },
  },
  {
    name: 'a logger of one’s own, levels and namespaces',
    play: async ({ library }) => {
      const { logLevel } = library;
      const entries: unknown[] = [];
      const kafka = new library.Kafka({
        brokers: ['127.0.0.1:1'],
        logLevel: logLevel.WARN,
        logCreator: (level) => (entry) => {
          const { timestamp, ...log } = entry.log;
          entries.push({ ...entry, created: level, log, timed: /^\d{4}-.*Z$/.test(timestamp) });
        },
      });
      const logger = kafka.logger();
      logger.info('not this');
      logger.warn('this', { extra: 1 });
      logger.namespace('Own').error('and this');
      logger.namespace('Loud', logLevel.DEBUG).debug('even this');
      logger.setLogLevel(logLevel.INFO);
      logger.info('now this');
      kafka.admin().logger().info('of the admin client');
      return entries;
    },
  },
  {
    name: 'partitioners and the assigner’s protocol',
    play: async ({ library }) => {
      const { Partitioners, AssignerProtocol } = library;
      const partitionMetadata = Array.from({ length: 7 }, (_, partitionId) => ({
        partitionErrorCode: 0,
        partitionId,
        leader: 0,
        replicas: [0],
        isr: [0],
      }));
      const keys = Array.from({ length: 200 }, (_, index) => `key ${index} ${'é'.repeat(index % 9)}`);
      const of = (partitioner: kafkajs.ICustomPartitioner): number[] => {
        const choose = partitioner();
        return keys.map((key) => choose({ topic: 't', partitionMetadata, message: { key, value: '' } }));
      };
      const metadata = AssignerProtocol.MemberMetadata.encode({
        version: 1,
        topics: ['a', 'bé'],
        userData: Buffer.from('u'),
      });
      const assignment = AssignerProtocol.MemberAssignment.encode({
        version: 0,
        assignment: { a: [1, 2], b: [] },
        userData: Buffer.alloc(0),
      });
      return {
        byDefault: of(Partitioners.DefaultPartitioner),
        legacy: of(Partitioners.LegacyPartitioner),
        java: of(Partitioners.JavaCompatiblePartitioner),
        metadata: metadata.toString('hex'),
        assignment: assignment.toString('hex'),
        decoded: [
          AssignerProtocol.MemberMetadata.decode(metadata),
          AssignerProtocol.MemberAssignment.decode(assignment),
        ],
        nothing: AssignerProtocol.MemberAssignment.decode(Buffer.alloc(0)),
      };
    },
  },
  ...KAFKAJS_CONSUMER_SCENARIOS,
];
