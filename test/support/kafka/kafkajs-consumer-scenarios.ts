import type * as kafkajs from 'kafkajs';
import {
  consume,
  expectation,
  type KafkaJSScenario,
  type Library,
  numbered,
  outcome,
  produce,
  seenOf,
  withoutName,
  withTopic,
} from './kafkajs-stage.ts';

/** Those of {@link KAFKAJS_SCENARIOS} that consume. */
export const KAFKAJS_CONSUMER_SCENARIOS: readonly KafkaJSScenario[] = [
  {
    name: 'a message as it comes: texts for 64-bit numbers, headers as an object',
    play: (stage) =>
      withTopic(stage, 'message', 1, async (topic) => {
        const { kafka, library } = stage;
        const headers = { one: 'a', two: ['b', Buffer.from('c')] };
        await produce(kafka, library, topic, [{ key: 'k', value: 'v', headers, timestamp: '1700000000000' }]);
        const consumer = kafka.consumer({ groupId: `${topic}-group`, maxWaitTimeInMs: 100 });
        const seen = expectation('the message');
        let message: kafkajs.KafkaMessage | undefined;
        await consumer.connect();
        await consumer.subscribe({ topic, fromBeginning: true });
        await consumer.run({
          eachMessage: async (payload) => {
            message = payload.message;
            seen.met();
          },
        });
        await seen.promise;
        await consumer.disconnect();
        const { batchContext, ...rest } = message as kafkajs.KafkaMessage & { batchContext?: object };
        return { rest, context: Object.keys(batchContext ?? {}).sort() };
      }),
  },
  {
    name: 'eachBatch: what a batch says, resolving by hand, committing, staleness after a seek',
    play: (stage) =>
      withTopic(stage, 'batch', 1, async (topic, admin) => {
        const { kafka, library } = stage;
        await produce(kafka, library, topic, numbered(10));
        const groupId = `${topic}-group`;
        const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
        const facts: unknown[] = [];
        const done = expectation('the batch after the seek');
        await consumer.connect();
        await consumer.subscribe({ topics: [topic], fromBeginning: true });
        await consumer.run({
          eachBatchAutoResolve: false,
          autoCommit: false,
          eachBatch: async ({
            batch,
            resolveOffset,
            uncommittedOffsets,
            commitOffsetsIfNecessary,
            isRunning,
            isStale,
            heartbeat,
          }) => {
            const fact = {
              offsets: batch.messages.map(({ offset }) => offset),
              first: batch.firstOffset(),
              last: batch.lastOffset(),
              lag: batch.offsetLag(),
              lagLow: batch.offsetLagLow(),
              high: batch.highWatermark,
              empty: batch.isEmpty(),
              running: isRunning(),
            };
            resolveOffset(batch.messages[3]?.offset ?? batch.lastOffset());
            await heartbeat();
            const uncommitted = uncommittedOffsets().topics.map(({ partitions }) => partitions);
            if (facts.length === 0) {
              await commitOffsetsIfNecessary(uncommittedOffsets());
              consumer.seek({ topic, partition: 0, offset: '8' });
            } else done.met();
            facts.push({ ...fact, uncommitted, stale: isStale() });
          },
        });
        await done.promise;
        await consumer.stop();
        const committed = (await admin.fetchOffsets({ groupId, topics: [topic] })).map(
          ({ partitions }) => partitions,
        );
        await consumer.disconnect();
        return { facts: facts.slice(0, 2), committed };
      }),
  },
  {
    name: 'commits: by threshold, by hand, by what a handler that fails leaves',
    play: (stage) =>
      withTopic(stage, 'commits', 1, async (topic, admin) => {
        const { kafka, library } = stage;
        await produce(kafka, library, topic, numbered(6));
        const committed = async (groupId: string): Promise<unknown> =>
          (await admin.fetchOffsets({ groupId, topics: [topic] })).map(({ partitions }) => partitions);
        await consume(stage, `${topic}-threshold`, topic, 6, { autoCommitThreshold: 2 });
        await consume(stage, `${topic}-none`, topic, 6, { autoCommit: false });
        const byHand = kafka.consumer({ groupId: `${topic}-hand`, maxWaitTimeInMs: 100 });
        const first = expectation('a message');
        await byHand.connect();
        await byHand.subscribe({ topics: [topic], fromBeginning: true });
        const early = await outcome(() => byHand.commitOffsets([{ topic, partition: 0, offset: '1' }]));
        await byHand.run({ autoCommit: false, eachMessage: async () => first.met() });
        await first.promise;
        await byHand.commitOffsets([{ topic, partition: 0, offset: '4', metadata: 'why' }]);
        const bad = await outcome(() => byHand.commitOffsets([{ topic, partition: 0, offset: '-3' }]));
        await byHand.disconnect();
        return {
          threshold: await committed(`${topic}-threshold`),
          none: await committed(`${topic}-none`),
          hand: await committed(`${topic}-hand`),
          early,
          bad,
        };
      }),
  },
  {
    name: 'a handler that fails once gets its message again',
    play: (stage) =>
      withTopic(stage, 'again', 1, async (topic) => {
        const { kafka, library } = stage;
        await produce(kafka, library, topic, numbered(4));
        const retry = { initialRetryTime: 50, retries: 3 };
        const consumer = kafka.consumer({ groupId: `${topic}-group`, maxWaitTimeInMs: 100, retry });
        const seen: string[] = [];
        const all = expectation('all messages');
        await consumer.connect();
        await consumer.subscribe({ topics: [topic], fromBeginning: true });
        await consumer.run({
          eachMessage: async ({ message }) => {
            seen.push(message.offset);
            if (seen.filter((offset) => offset === '2').length === 1 && message.offset === '2')
              throw new Error('once');
            if (message.offset === '3') all.met();
          },
        });
        await all.promise;
        await consumer.disconnect();
        return seen;
      }),
  },
  {
    name: 'a handler that always fails crashes the consumer, which restarts unless it is told not to',
    play: (stage) =>
      withTopic(stage, 'crash', 1, async (topic) => {
        const { kafka, library } = stage;
        await produce(kafka, library, topic, numbered(1));
        const asked: unknown[] = [];
        const consumer = kafka.consumer({
          groupId: `${topic}-group`,
          maxWaitTimeInMs: 100,
          retry: {
            initialRetryTime: 20,
            retries: 1,
            restartOnFailure: async (error) => {
              asked.push(seenOf(error));
              return false;
            },
          },
        });
        const crashes: unknown[] = [];
        const events: string[] = [];
        const crashed = expectation('a crash');
        for (const event of ['consumer.stop', 'consumer.disconnect'] as const)
          consumer.on(event, () => events.push(event));
        consumer.on(consumer.events.CRASH, ({ type, payload: { error, restart } }) => {
          crashes.push({ type, error: seenOf(error), restart });
          crashed.met();
        });
        await consumer.connect();
        await consumer.subscribe({ topics: [topic], fromBeginning: true });
        await consumer.run({
          eachMessage: async () => {
            throw new Error('always');
          },
        });
        await crashed.promise;
        await consumer.disconnect();
        return { asked, crashes, events: events.slice(0, 2) };
      }),
  },
  {
    name: 'a consumer that has crashed restarts by itself',
    play: (stage) =>
      withTopic(stage, 'restart', 1, async (topic) => {
        const { kafka, library } = stage;
        await produce(kafka, library, topic, numbered(2));
        const retry = { initialRetryTime: 20, retries: 1 };
        const consumer = kafka.consumer({ groupId: `${topic}-group`, maxWaitTimeInMs: 100, retry });
        const seen: string[] = [];
        const events: unknown[] = [];
        const all = expectation('the last message');
        for (const name of ['consumer.stop', 'consumer.disconnect', 'consumer.crash'] as const) {
          consumer.on(name, ({ payload }) => {
            events.push([name, (payload as { restart?: boolean } | null)?.restart]);
          });
        }
        await consumer.connect();
        await consumer.subscribe({ topics: [topic], fromBeginning: true });
        await consumer.run({
          eachMessage: async ({ message }) => {
            seen.push(message.offset);
            if (seen.length <= 2) throw new Error('twice');
            if (message.offset === '1') all.met();
          },
        });
        await all.promise;
        await consumer.disconnect();
        return { seen, events: events.slice(0, 3) };
      }),
  },
  {
    name: 'events of a consumer and their payloads',
    play: (stage) =>
      withTopic(stage, 'events', 2, async (topic) => {
        const { kafka, library } = stage;
        await produce(kafka, library, topic, [...numbered(3, 0), ...numbered(2, 1)]);
        const consumer = kafka.consumer({
          groupId: `${topic}-group`,
          maxWaitTimeInMs: 100,
          heartbeatInterval: 1,
        });
        const shapes = new Map<string, unknown>();
        const batches: unknown[] = [];
        const listen = (name: string): void => {
          consumer.on(name as 'consumer.heartbeat', (event) => {
            const payload = (event.payload ?? {}) as Record<string, unknown>;
            if (!shapes.has(name))
              shapes.set(name, [Object.keys(event), event.type, Object.keys(payload).sort()]);
            if (/batch_process/.test(name))
              batches.push({ ...withoutName(payload), topic: '', duration: 0, name });
          });
        };
        for (const name of Object.values(consumer.events))
          if (!/timeout|queue|crash|rebalancing|unsub/.test(name)) listen(name);
        const seen = expectation('five messages');
        let count = 0;
        await consumer.connect();
        await consumer.subscribe({ topics: [topic], fromBeginning: true });
        await consumer.run({
          eachMessage: async ({ heartbeat }) => {
            await new Promise((resolve) => setTimeout(resolve, 5));
            await heartbeat();
            count++;
            if (count === 5) seen.met();
          },
        });
        await seen.promise;
        await consumer.disconnect();
        const remove = consumer.on('consumer.stop', () => undefined);
        return {
          shapes: [...shapes].sort(([a], [b]) => (a < b ? -1 : 1)),
          batches: batches.map((batch) => JSON.stringify(batch)).sort(),
          removes: typeof remove,
          names: consumer.events,
        };
      }),
  },
  {
    name: 'pausing: a topic, a partition, from within the handler, resuming',
    play: (stage) =>
      withTopic(stage, 'pause', 2, async (topic) => {
        const { kafka, library } = stage;
        await produce(kafka, library, topic, [...numbered(3, 0), ...numbered(3, 1)]);
        const consumer = kafka.consumer({ groupId: `${topic}-group`, maxWaitTimeInMs: 100 });
        const early = [await outcome(() => consumer.pause([{ topic }])), consumer.paused()];
        const seen: string[] = [];
        const half = expectation('the partition that is not paused');
        const all = expectation('everything');
        const states: unknown[] = [];
        let resume: (() => void) | undefined;
        await consumer.connect();
        await consumer.subscribe({ topics: [topic], fromBeginning: true });
        await consumer.run({
          eachMessage: async ({ partition, message, pause }) => {
            seen.push(`${partition}/${message.offset}`);
            if (partition === 1 && resume === undefined) {
              resume = pause();
              states.push(consumer.paused().map(({ partitions }) => partitions));
            }
            if (seen.length === 4) half.met();
            if (seen.length === 6) all.met();
          },
        });
        await half.promise;
        const atHalf = [...seen].sort();
        resume?.();
        states.push(consumer.paused());
        await all.promise;
        consumer.pause([{ topic }]);
        consumer.resume([{ topic, partitions: [1] }]);
        states.push(consumer.paused().map(({ partitions }) => partitions));
        const bad = await outcome(() => consumer.pause([{} as never]));
        await consumer.disconnect();
        return { early, atHalf, all: seen.sort(), states, bad };
      }),
  },
  {
    name: 'seeking: back, forward, to the ends',
    play: (stage) =>
      withTopic(stage, 'seek', 1, async (topic) => {
        const { kafka, library } = stage;
        await produce(kafka, library, topic, numbered(6));
        const consumer = kafka.consumer({ groupId: `${topic}-group`, maxWaitTimeInMs: 100 });
        const seen: string[] = [];
        const all = expectation('the message sought for');
        const early = await outcome(() => consumer.seek({ topic, partition: 0, offset: '1' }));
        await consumer.connect();
        await consumer.subscribe({ topics: [topic], fromBeginning: false });
        await consumer.run({
          eachMessage: async ({ message }) => {
            seen.push(message.offset);
            if (message.offset === '5') all.met();
          },
        });
        consumer.seek({ topic, partition: 0, offset: '3' });
        const bad = [
          await outcome(() => consumer.seek({ topic, partition: 0, offset: '-5' })),
          await outcome(() => consumer.seek({ topic, partition: 0, offset: 'x' })),
          await outcome(() => consumer.subscribe({ topics: [topic] })),
        ];
        await all.promise;
        await consumer.disconnect();
        return { early, bad, seen };
      }),
  },
  {
    name: 'topics that nobody has created: subscribed to, sent to, and where they may not be',
    play: async (stage) => {
      const { kafka, prefix } = stage;
      const topic = `${prefix}-new`;
      const consumer = kafka.consumer({ groupId: `${topic}-group`, maxWaitTimeInMs: 100 });
      await consumer.connect();
      const subscribed = await outcome(() => consumer.subscribe({ topics: [topic], fromBeginning: true }));
      const again = await outcome(() => consumer.subscribe({ topics: [topic], fromBeginning: true }));
      const seen = expectation('the message');
      await consumer.run({ eachMessage: async () => seen.met() });
      const producer = kafka.producer();
      await producer.connect();
      const sent = await producer.send({ topic, messages: [{ value: 'x' }] });
      await seen.promise;
      await consumer.disconnect();
      await producer.disconnect();
      const strict = kafka.producer({
        allowAutoTopicCreation: false,
        retry: { retries: 1, initialRetryTime: 10 },
      });
      await strict.connect();
      const refused = await outcome(() => strict.send({ topic: `${prefix}-no`, messages: [{ value: 'x' }] }));
      await strict.disconnect();
      return { subscribed, again, sent: sent.map(withoutName), refused };
    },
  },
  {
    name: 'subscriptions: by pattern, to nothing, wrongly',
    play: (stage) =>
      withTopic(stage, 'pattern-one', 1, async (topic, admin) => {
        const { kafka, library, prefix } = stage;
        const other = `${prefix}-pattern-two`;
        await admin.createTopics({ topics: [{ topic: other }] });
        for (const name of [topic, other]) await produce(kafka, library, name, numbered(2));
        const consumer = kafka.consumer({ groupId: `${topic}-group`, maxWaitTimeInMs: 100 });
        const seen: string[] = [];
        const all = expectation('both topics');
        await consumer.connect();
        const bad = [
          await outcome(() => consumer.subscribe({} as never)),
          await outcome(() => consumer.subscribe({ topics: 'x' as never })),
          await outcome(() => consumer.subscribe({ topics: [3 as never] })),
          await outcome(() => kafka.consumer({} as never)),
          await outcome(() => kafka.consumer({ groupId: 'g', sessionTimeout: 10, heartbeatInterval: 20 })),
        ];
        await consumer.subscribe({ topics: [new RegExp(`^${prefix}-pattern-`)], fromBeginning: true });
        await consumer.run({
          eachMessage: async (payload) => {
            seen.push(`${payload.topic.slice(prefix.length)}/${payload.message.offset}`);
            if (seen.length === 4) all.met();
          },
        });
        await all.promise;
        await consumer.disconnect();
        return { bad, seen: seen.sort() };
      }),
  },
  {
    name: 'two members: partitions shared, an assigner of one’s own, and the group described',
    play: (stage) =>
      withTopic(stage, 'members', 4, async (topic, admin) => {
        const { kafka, library } = stage;
        const groupId = `${topic}-group`;
        const partitionAssigners = [lastFirstAssigner(library)];
        const joined: kafkajs.IMemberAssignment[] = [];
        const shared = expectation('both members with two partitions');
        const consumers = [1, 2].map(() =>
          kafka.consumer({ groupId, maxWaitTimeInMs: 100, heartbeatInterval: 100, partitionAssigners }),
        );
        const latest = new Map<number, number[]>();
        for (const [index, consumer] of consumers.entries()) {
          consumer.on('consumer.group_join', ({ payload }) => {
            joined.push(payload.memberAssignment);
            latest.set(index, payload.memberAssignment[topic] ?? []);
            if ([...latest.values()].map(({ length }) => length).join() === '2,2') shared.met();
          });
          await consumer.connect();
          await consumer.subscribe({ topics: [topic] });
          await consumer.run({ eachMessage: async () => undefined });
        }
        await shared.promise;
        const description = await consumers[0]?.describeGroup();
        const state = await outcome(() => admin.deleteGroups([groupId]));
        for (const consumer of consumers) await consumer.disconnect();
        const { groups } = await admin.describeGroups([groupId]);
        const deleted = await admin.deleteGroups([groupId]);
        return {
          partitions: description?.members
            .flatMap(({ memberAssignment }) => {
              const decoded = library.AssignerProtocol.MemberAssignment.decode(memberAssignment);
              return decoded?.assignment[topic] ?? [];
            })
            .sort(),
          protocol: description?.protocol,
          state: description?.state,
          members: description?.members.length,
          assignment: description?.members
            .map(({ memberAssignment }) => library.AssignerProtocol.MemberAssignment.decode(memberAssignment))
            .map((decoded) => decoded?.assignment[topic]?.length)
            .sort(),
          running: state,
          after: groups.map((group) => group.state),
          deleted: deleted.map(({ errorCode }) => errorCode),
        };
      }),
  },
];

/** Deals out partitions from the last one on, to show that it is this one that is asked. */
function lastFirstAssigner(library: Library): kafkajs.PartitionAssigner {
  const { MemberMetadata, MemberAssignment } = library.AssignerProtocol;
  return ({ cluster }) => ({
    name: 'LastFirst',
    version: 3,
    async assign({ members, topics }) {
      const ids = members.map(({ memberId }) => memberId).sort();
      const topic = topics[0] ?? '';
      const partitions = cluster
        .findTopicPartitionMetadata(topic)
        .map(({ partitionId }) => partitionId)
        .sort((a, b) => b - a);
      return ids.map((memberId, index) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({
          version: 3,
          assignment: { [topic]: partitions.filter((_, position) => position % ids.length === index) },
          userData: Buffer.alloc(0),
        }),
      }));
    },
    protocol({ topics }) {
      return {
        name: 'LastFirst',
        metadata: MemberMetadata.encode({ version: 3, topics, userData: Buffer.alloc(0) }),
      };
    },
  });
}
