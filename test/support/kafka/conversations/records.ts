import { buildBatch } from '../../../../src/wire/kafka/records/builder.ts';
import { buildLegacySet, type LegacyMagic } from '../../../../src/wire/kafka/records/legacy.ts';
import type { RecordDraft } from '../../../../src/wire/kafka/records/record.ts';
import type { Conversation } from '../conversation.ts';
import {
  DeleteRecords,
  InitProducerId,
  ListOffsets,
  Metadata,
  OffsetForLeaderEpoch,
  Produce,
} from '../pairs.ts';
import type { AskOptions, Talk } from '../talk.ts';
import {
  fill,
  makeTopic,
  type ProduceDraft,
  produceDraft,
  SOME_TIME_MS,
  someRecords,
  TIMEOUT_MS,
} from './common.ts';

const DAY_MS = 24 * 3600 * 1000;
const one = buildBatch(someRecords(1));
const three = buildBatch(someRecords(3));
const transaction = buildBatch(someRecords(1), {
  transactional: true,
  producerId: 7n,
  producerEpoch: 0,
  baseSequence: 0,
});

/** The records one by one in an old format, as old producers send them. */
function legacySet(records: readonly RecordDraft[], magic: LegacyMagic): Buffer {
  const drafts = records.map(({ timestamp, key, value }, offset) => ({ offset, timestamp, key, value }));
  return buildLegacySet(drafts, { magic, compression: 'none' });
}

/**
 * Asks to append. Ours says in a sentence what is wrong also where Apache says nothing, so that only the sentences
 * about single records are compared.
 */
function produce(
  talk: Talk,
  step: string,
  version: number,
  draft: ProduceDraft,
  options: AskOptions = {},
): Promise<unknown> {
  return talk.ask(step, Produce, version, draft, { ...options, without: ['errorMessage'] });
}

/** A copy with some bytes changed. */
function changed(batch: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(batch);
  change(copy);
  return copy;
}

/** What may, and mostly may not, be in a Produce request of version 9. */
const oddRecords: readonly (readonly [step: string, records: Buffer | null])[] = [
  ['empty', Buffer.alloc(0)],
  ['a few bytes', Buffer.alloc(10)],
  ['zeros', Buffer.alloc(100)],
  ['two batches', Buffer.concat([one, one])],
  ['a batch and rubbish', Buffer.concat([one, Buffer.alloc(7, 1)])],
  ['a batch cut off', three.subarray(0, three.length - 1)],
  ['a batch that says it is longer', changed(three, (copy) => copy.writeInt32BE(copy.length, 8))],
  ['a batch that says it is shorter', changed(three, (copy) => copy.writeInt32BE(40, 8))],
  ['a batch with a negative size', changed(three, (copy) => copy.writeInt32BE(-1, 8))],
  ['a wrong checksum', changed(three, (copy) => copy.writeInt32BE(1, 17))],
  ['magic 3', changed(three, (copy) => copy.writeInt8(3, 16))],
  ['magic 1', legacySet(someRecords(1), 1)],
  ['magic 0', legacySet(someRecords(1), 0)],
  ['a base offset', buildBatch(someRecords(1), { baseOffset: 5 })],
  ['a leader epoch', buildBatch(someRecords(1), { leaderEpoch: 77 })],
  ['no record', buildBatch([], { lastOffset: 0, maxTimestamp: 1 })],
  ['fewer records than offsets', buildBatch(someRecords(1), { lastOffset: 3 })],
  ['a control batch', buildBatch(someRecords(1), { control: true })],
  ['a transaction', transaction],
  [
    'a producer without sequence',
    buildBatch(someRecords(1), { producerId: 7n, producerEpoch: 0, baseSequence: -1 }),
  ],
  ['append time', buildBatch(someRecords(1), { logAppendTimeMs: SOME_TIME_MS })],
  ['a delete horizon', buildBatch(someRecords(1), { deleteHorizonMs: SOME_TIME_MS })],
  ['no timestamp', buildBatch([{ timestamp: -1, key: null, value: Buffer.from('v') }])],
  ['neither key nor value', buildBatch([{ timestamp: SOME_TIME_MS, key: null, value: null }])],
  ['an unknown codec', changed(three, (copy) => copy.writeInt16BE(7, 21))],
  ...(['gzip', 'snappy', 'lz4', 'zstd'] as const).map(
    (compression) => [compression, buildBatch(someRecords(20), { compression })] as const,
  ),
];

export const producing: Conversation = {
  name: 'producing',
  async hold(talk) {
    await makeTopic(talk, 'taken');
    for (const [step, records] of oddRecords) {
      await produce(talk, step, 9, produceDraft('taken', records));
    }
    for (let version = 0; version <= 11; version++) {
      for (const magic of [0, 1] as const) {
        const old = produceDraft('taken', legacySet(someRecords(2), magic));
        await produce(talk, `version ${version}, magic ${magic}`, version, old);
      }
      await produce(talk, `version ${version}, magic 2`, version, produceDraft('taken', three));
      const zstd = produceDraft('taken', buildBatch(someRecords(2), { compression: 'zstd' }));
      await produce(talk, `version ${version}, zstd`, version, zstd);
    }
    for (const acks of [-2, 1, 2])
      await produce(talk, `acks ${acks}`, 9, produceDraft('taken', one, { acks }));
    await produce(talk, 'a strange topic', 9, produceDraft('nowhere', one));
    await produce(talk, 'a strange topic, version 11', 11, produceDraft('nowhere', one));
    await produce(talk, 'a strange partition', 9, produceDraft('taken', one, { partition: 7 }));
    await produce(talk, 'a negative partition', 9, produceDraft('taken', one, { partition: -1 }));
    await produce(talk, 'a name that cannot be', 9, produceDraft('a b', one));
    await produce(talk, 'no name', 9, produceDraft('', one));
    await produce(talk, 'no transaction, named', 9, {
      ...produceDraft('taken', one),
      transactionalId: 'mine',
    });
    await produce(talk, 'offsets', 9, produceDraft('__consumer_offsets', one));
    await produce(talk, 'offsets, by an administrator', 9, produceDraft('__consumer_offsets', one), {
      clientId: '__admin_client',
    });
    await makeTopic(talk, '__consumer_offsets');
    await produce(talk, 'offsets, being there', 9, produceDraft('__consumer_offsets', one));
    await produce(
      talk,
      'offsets, being there, nothing',
      9,
      produceDraft('__consumer_offsets', Buffer.alloc(0)),
    );
    await produce(talk, 'nothing', 9, { acks: -1, timeoutMs: TIMEOUT_MS, topicData: [] });
    const both = {
      name: 'taken',
      partitionData: [
        { index: 0, records: one },
        { index: 7, records: one },
      ],
    };
    await produce(talk, 'here and nowhere', 9, { acks: -1, timeoutMs: TIMEOUT_MS, topicData: [both] });
    const probe = () => talk.send(Metadata, 4, { topics: [], allowAutoTopicCreation: false });
    await talk.askSilently('acks 0', Produce, 9, produceDraft('taken', one, { acks: 0 }), probe);
    await talk.askSilently(
      'acks 0 and an error',
      Produce,
      9,
      produceDraft('nowhere', one, { acks: 0 }),
      probe,
    );
    talk.close();
    await talk.askSilently('acks 0 and nothing', Produce, 9, { acks: 0, timeoutMs: 1, topicData: [] }, probe);
  },
};

export const topicRules: Conversation = {
  name: 'topic-rules',
  async hold(talk) {
    const now = Date.now();
    await makeTopic(talk, 'small', { 'max.message.bytes': '200' });
    await produce(talk, 'small enough', 9, produceDraft('small', three));
    await produce(talk, 'too large', 9, produceDraft('small', buildBatch(someRecords(20))));
    const gzip = buildBatch(
      Array.from({ length: 50 }, () => ({ timestamp: SOME_TIME_MS, key: null, value: Buffer.alloc(100) })),
      { compression: 'gzip' },
    );
    await produce(talk, 'too large before compression', 9, produceDraft('small', gzip));
    const old = legacySet(someRecords(20), 1);
    await produce(talk, 'too large as a set', 2, produceDraft('small', old));
    await makeTopic(talk, 'two-copies', { 'min.insync.replicas': '2' });
    for (const acks of [1, -1]) {
      await produce(talk, `too few replicas, acks ${acks}`, 9, produceDraft('two-copies', one, { acks }));
    }
    await makeTopic(talk, 'keyed', { 'cleanup.policy': 'compact' });
    const unkeyed = [
      { timestamp: SOME_TIME_MS, key: null, value: Buffer.from('v') },
      { timestamp: SOME_TIME_MS, key: Buffer.from('k'), value: Buffer.from('v') },
      { timestamp: SOME_TIME_MS, key: null, value: Buffer.from('v') },
    ];
    for (const version of [3, 7, 8, 9]) {
      await produce(talk, `no key, version ${version}`, version, produceDraft('keyed', buildBatch(unkeyed)));
    }
    await produce(
      talk,
      'no key, gzip',
      9,
      produceDraft('keyed', buildBatch(unkeyed, { compression: 'gzip' })),
    );
    await produce(talk, 'no key, magic 1', 2, produceDraft('keyed', legacySet(unkeyed, 1)));
    await produce(
      talk,
      'an empty key',
      9,
      produceDraft('keyed', buildBatch([{ timestamp: 1, key: Buffer.alloc(0), value: null }])),
    );
    const limits = {
      'message.timestamp.before.max.ms': `${DAY_MS}`,
      'message.timestamp.after.max.ms': `${DAY_MS}`,
    };
    await makeTopic(talk, 'timely', limits);
    const times: readonly (readonly [string, number])[] = [
      ['now', now],
      ['long ago', now - 2 * DAY_MS],
      ['far ahead', now + 2 * DAY_MS],
      ['never', -1],
    ];
    for (const [step, timestamp] of times) {
      const batch = buildBatch([
        { timestamp: now, key: null, value: null },
        { timestamp, key: null, value: null },
      ]);
      await produce(talk, step, 9, produceDraft('timely', batch), { mask: ['logAppendTimeMs'] });
    }
    const worst = buildBatch([
      { timestamp: 1, key: null, value: null },
      { timestamp: now, key: null, value: null },
      { timestamp: 2, key: null, value: null },
    ]);
    await produce(talk, 'two of three', 9, produceDraft('timely', worst));
    await produce(talk, 'two of three, version 7', 7, produceDraft('timely', worst));
    await makeTopic(talk, 'stamped', { 'message.timestamp.type': 'LogAppendTime', ...limits });
    const mask = { mask: ['logAppendTimeMs'] };
    await produce(talk, 'append time', 9, produceDraft('stamped', three), mask);
    await produce(
      talk,
      'append time, gzip',
      9,
      produceDraft('stamped', buildBatch(someRecords(2), { compression: 'gzip' })),
      mask,
    );
    await produce(
      talk,
      'append time, magic 1',
      2,
      produceDraft('stamped', legacySet(someRecords(2), 1)),
      mask,
    );
    const given = buildBatch(someRecords(1), { logAppendTimeMs: SOME_TIME_MS });
    await produce(talk, 'append time, given', 9, produceDraft('stamped', given), mask);
    const stored = ['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'];
    for (const type of stored) {
      const topic = `stored-${type}`;
      await makeTopic(talk, topic, { 'compression.type': type });
      for (const compression of ['none', 'gzip', 'zstd'] as const) {
        await produce(
          talk,
          `${compression} as ${type}`,
          9,
          produceDraft(topic, buildBatch(someRecords(3), { compression })),
        );
      }
    }
  },
};

export const sequences: Conversation = {
  name: 'sequences',
  znodes: true,
  async hold(talk) {
    await makeTopic(talk, 'counted', {}, 2);
    const batch = (baseSequence: number, count: number, producerEpoch = 0, producerId = 4000n) =>
      buildBatch(someRecords(count), { producerId, producerEpoch, baseSequence });
    const append = (step: string, records: Buffer, partition = 0) =>
      produce(talk, step, 9, produceDraft('counted', records, { partition }));
    await append('a first batch', batch(0, 2));
    await append('the next', batch(2, 3));
    await append('the next again', batch(2, 3));
    await append('the first again', batch(0, 2));
    await append('a part of the next', batch(3, 2));
    await append('a gap', batch(9, 1));
    await append('a sequence from before', batch(1, 1));
    await append('a newer epoch not from 0', batch(5, 1, 1));
    await append('a newer epoch', batch(0, 1, 1));
    await append('the older epoch', batch(6, 1, 0));
    await append('a stranger not from 0', batch(5, 1, 0, 4001n));
    await append('another partition not from 0', batch(7, 1), 1);
    for (let sequence = 1; sequence <= 6; sequence++)
      await append(`batch ${sequence}`, batch(sequence, 1, 1));
    await append('a batch five back', batch(2, 1, 1));
    await append('a batch six back', batch(1, 1, 1));
    await append('around the end', batch(0x7fff_fffe, 2, 0, 4002n));
    await append('around the end, on', batch(0, 2, 0, 4002n));
    await append('across the end', batch(0x7fff_ffff, 3, 0, 4003n));
    await append('across the end, on', batch(2, 1, 0, 4003n));
    const open = (
      step: string,
      transactionalId: string | null,
      producerId: bigint,
      producerEpoch: number,
      transactionTimeoutMs = 1000,
    ) =>
      talk.ask(
        step,
        InitProducerId,
        4,
        { transactionalId, transactionTimeoutMs, producerId, producerEpoch },
        { mask: ['producerId'] },
      );
    const first = { transactionalId: null, transactionTimeoutMs: 1000 };
    await talk.until(InitProducerId, 4, first, ({ errorCode }) => errorCode === 0);
    await open('an id', null, -1n, -1);
    await open('an id, having one', null, 5n, 3);
    await open('an id without epoch', null, 5n, -1);
    await open('an epoch without id', null, -1n, 3);
    await open('an empty name', '', -1n, -1);
    for (const version of [0, 1, 2, 3, 5]) {
      const draft = { transactionalId: null, transactionTimeoutMs: 1000 };
      await talk.ask(`an id, version ${version}`, InitProducerId, version, draft, { mask: ['producerId'] });
    }
  },
};

/** Batches of these numbers of records, a second apart from SOME_TIME_MS on. */
const COUNTS = [3, 2, 5];

export const listingOffsets: Conversation = {
  name: 'listing-offsets',
  async hold(talk) {
    await makeTopic(talk, 'listed');
    await makeTopic(talk, 'listed-empty');
    await fill(talk, 'listed', COUNTS);
    const list = (
      step: string,
      version: number,
      name: string,
      timestamp: number,
      {
        partitionIndex = 0,
        replicaId = -1,
        isolationLevel = 0,
        currentLeaderEpoch = -1,
        maxNumOffsets = 5,
      } = {},
    ) =>
      talk.ask(step, ListOffsets, version, {
        replicaId,
        ...(version >= 2 ? { isolationLevel } : {}),
        topics: [
          {
            name,
            partitions: [
              {
                partitionIndex,
                timestamp,
                ...(version >= 4 ? { currentLeaderEpoch } : {}),
                ...(version === 0 ? { maxNumOffsets } : {}),
              },
            ],
          },
        ],
      });
    const times = [
      -1,
      -2,
      -3,
      -4,
      -5,
      -6,
      0,
      SOME_TIME_MS,
      SOME_TIME_MS + 1,
      SOME_TIME_MS + 9000,
      SOME_TIME_MS + 9001,
    ];
    for (let version = 0; version <= 9; version++) {
      for (const time of times) {
        const name = time >= SOME_TIME_MS ? `time ${time - SOME_TIME_MS}` : `${time}`;
        await list(`version ${version}, ${name}`, version, 'listed', time);
        await list(`version ${version}, ${name}, no records`, version, 'listed-empty', time);
      }
    }
    for (const version of [1, 9]) {
      await list(`a strange topic, ${version}`, version, 'nowhere', -1);
      await list(`a strange partition, ${version}`, version, 'listed', -1, { partitionIndex: 7 });
      await list(`read committed, ${version}`, version, 'listed', -1, { isolationLevel: 1 });
      await list(`by a debugger, ${version}`, version, 'listed', -1, { replicaId: -2 });
      await list(`by a replica, ${version}`, version, 'listed', -1, { replicaId: 7 });
      await list(`an old epoch, ${version}`, version, 'listed', -1, { currentLeaderEpoch: 0 });
      await list(`a future epoch, ${version}`, version, 'listed', -1, { currentLeaderEpoch: 9 });
    }
    await list('version 0, no offsets wanted', 0, 'listed', -1, { maxNumOffsets: 0 });
    await list('version 0, a strange topic', 0, 'nowhere', -1);
    const twice = { partitionIndex: 0, timestamp: -1 };
    await talk.ask('one partition twice', ListOffsets, 5, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: 'listed', partitions: [twice, twice] }],
    });
    const drop = (step: string, name: string, offset: number, partitionIndex = 0, version = 2) =>
      talk.ask(step, DeleteRecords, version, {
        topics: [{ name, partitions: [{ partitionIndex, offset }] }],
        timeoutMs: TIMEOUT_MS,
      });
    await drop('deleting beyond the end', 'listed', 11);
    await drop('deleting from -2', 'listed', -2);
    for (const version of [0, 1, 2]) await drop(`deleting up to 4, ${version}`, 'listed', 4, 0, version);
    await drop('deleting up to 2, later', 'listed', 2);
    await drop('deleting in a strange topic', 'nowhere', 2);
    await drop('deleting in a strange partition', 'listed', 2, 9);
    await drop('deleting in an internal topic', '__consumer_offsets', 2);
    await makeTopic(talk, '__consumer_offsets');
    await drop('deleting in an internal topic that is there', '__consumer_offsets', 2);
    await makeTopic(talk, 'listed-compact', { 'cleanup.policy': 'compact' });
    await fill(talk, 'listed-compact', [2]);
    await drop('deleting in a compacted topic', 'listed-compact', 1);
    for (const time of [-1, -2, -3, SOME_TIME_MS]) await list(`after deleting, ${time}`, 7, 'listed', time);
    await drop('deleting all', 'listed', -1);
    for (const time of [-1, -2, -3, SOME_TIME_MS]) await list(`nothing left, ${time}`, 7, 'listed', time);
  },
};

export const epochEnds: Conversation = {
  name: 'epoch-ends',
  async hold(talk) {
    await makeTopic(talk, 'epochs');
    const ask = (
      step: string,
      version: number,
      leaderEpoch: number,
      { topic = 'epochs', partition = 0, currentLeaderEpoch = -1, replicaId = -2 } = {},
    ) =>
      talk.ask(step, OffsetForLeaderEpoch, version, {
        ...(version >= 3 ? { replicaId } : {}),
        topics: [
          {
            topic,
            partitions: [{ partition, leaderEpoch, ...(version >= 2 ? { currentLeaderEpoch } : {}) }],
          },
        ],
      });
    await ask('an empty log', 4, 0);
    await fill(talk, 'epochs', [3]);
    for (let version = 0; version <= 4; version++) {
      for (const epoch of [-1, 0, 1, 5]) await ask(`version ${version}, epoch ${epoch}`, version, epoch);
    }
    await ask('the current epoch', 4, 0, { currentLeaderEpoch: 0 });
    await ask('a future epoch', 4, 0, { currentLeaderEpoch: 3 });
    await ask('by a replica', 4, 0, { replicaId: 1 });
    await ask('by a consumer', 4, 0, { replicaId: -1 });
    await ask('a strange topic', 4, 0, { topic: 'nowhere' });
    await ask('a strange partition', 4, 0, { partition: 5 });
  },
};
