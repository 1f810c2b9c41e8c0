import type { FetchRequest } from '../../../../src/wire/kafka/messages/01-fetch.ts';
import { buildBatch } from '../../../../src/wire/kafka/records/builder.ts';
import type { Draft } from '../../../../src/wire/kafka/schema/index.ts';
import type { Conversation } from '../conversation.ts';
import { DeleteRecords, Fetch, Produce } from '../pairs.ts';
import type { Talk } from '../talk.ts';
import { fill, makeTopic, produceDraft, someRecords, TIMEOUT_MS } from './common.ts';

interface Wanted {
  readonly topic?: string;
  readonly topicId?: string;
  readonly partition?: number;
  readonly fetchOffset?: number;
  readonly partitionMaxBytes?: number;
  readonly currentLeaderEpoch?: number;
  readonly lastFetchedEpoch?: number;
}

interface Wishes {
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly isolationLevel?: number;
  readonly replicaId?: number;
  readonly sessionId?: number;
  readonly sessionEpoch?: number;
  readonly forgotten?: readonly Wanted[];
}

const MANY_BYTES = 1_000_000;

/** A request of any version: what a version does not have is left out. */
function fetchDraft(
  version: number,
  wanted: readonly Wanted[],
  wishes: Wishes = {},
): Draft<typeof FetchRequest> {
  const { maxWaitMs = 0, minBytes = 0, maxBytes = MANY_BYTES, replicaId = -1 } = wishes;
  const place = ({ topic = '', topicId }: Wanted) =>
    version >= 13 && topicId !== undefined ? { topicId } : { topic };
  return {
    ...(version < 15 ? { replicaId } : {}),
    maxWaitMs,
    minBytes,
    ...(version >= 3 ? { maxBytes } : {}),
    ...(version >= 4 ? { isolationLevel: wishes.isolationLevel ?? 0 } : {}),
    ...(version >= 7 ? { sessionId: wishes.sessionId ?? 0, sessionEpoch: wishes.sessionEpoch ?? -1 } : {}),
    topics: wanted.map((one) => ({
      ...place(one),
      partitions: [
        {
          partition: one.partition ?? 0,
          fetchOffset: one.fetchOffset ?? 0,
          partitionMaxBytes: one.partitionMaxBytes ?? MANY_BYTES,
          ...(version >= 9 ? { currentLeaderEpoch: one.currentLeaderEpoch ?? -1 } : {}),
          ...(version >= 12 ? { lastFetchedEpoch: one.lastFetchedEpoch ?? -1 } : {}),
        },
      ],
    })),
    forgottenTopicsData: (wishes.forgotten ?? []).map((one) => ({
      ...place(one),
      partitions: [one.partition ?? 0],
    })),
  };
}

function fetch(talk: Talk, step: string, version: number, wanted: readonly Wanted[], wishes: Wishes = {}) {
  return talk.ask(step, Fetch, version, fetchDraft(version, wanted, wishes));
}

export const fetching: Conversation = {
  name: 'fetching',
  async hold(talk) {
    const topicId = await makeTopic(talk, 'read');
    const emptyId = await makeTopic(talk, 'read-empty');
    await fill(talk, 'read', [3, 1, 1, 1, 2]);
    const here = { topic: 'read', topicId };
    for (let version = 0; version <= 17; version++) {
      await fetch(talk, `version ${version}`, version, [here]);
      await fetch(talk, `version ${version}, from within a batch`, version, [{ ...here, fetchOffset: 7 }]);
      await fetch(talk, `version ${version}, the end`, version, [{ ...here, fetchOffset: 8 }]);
      await fetch(talk, `version ${version}, beyond the end`, version, [{ ...here, fetchOffset: 9 }]);
      await fetch(talk, `version ${version}, a negative offset`, version, [{ ...here, fetchOffset: -1 }]);
      await fetch(talk, `version ${version}, few bytes`, version, [{ ...here, partitionMaxBytes: 100 }]);
      await fetch(talk, `version ${version}, no bytes`, version, [{ ...here, partitionMaxBytes: 0 }]);
      await fetch(talk, `version ${version}, two, few bytes`, version, [
        { ...here, partitionMaxBytes: 10 },
        { topic: 'read-empty', topicId: emptyId },
      ]);
      const strange = { topic: 'nowhere', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' };
      await fetch(talk, `version ${version}, a strange topic`, version, [strange]);
      await fetch(talk, `version ${version}, a strange topic and another`, version, [strange, here]);
      await fetch(talk, `version ${version}, a strange partition`, version, [{ ...here, partition: 3 }]);
      await fetch(talk, `version ${version}, nothing`, version, []);
      if (version >= 3)
        await fetch(talk, `version ${version}, few bytes in all`, version, [here], { maxBytes: 10 });
    }
    await fetch(talk, 'read committed', 11, [here], { isolationLevel: 1 });
    await fetch(talk, 'by a debugger', 11, [here], { replicaId: -2 });
    await fetch(talk, 'a future epoch', 11, [{ ...here, currentLeaderEpoch: 7 }]);
    await fetch(talk, 'the epoch', 11, [{ ...here, currentLeaderEpoch: 0 }]);
    for (const lastFetchedEpoch of [0, 1]) {
      await fetch(talk, `after epoch ${lastFetchedEpoch}`, 12, [{ ...here, lastFetchedEpoch }]);
      await fetch(talk, `after epoch ${lastFetchedEpoch} further`, 12, [
        { ...here, fetchOffset: 20, lastFetchedEpoch },
      ]);
    }
    await talk.send(DeleteRecords, 2, {
      topics: [{ name: 'read', partitions: [{ partitionIndex: 0, offset: 4 }] }],
      timeoutMs: TIMEOUT_MS,
    });
    for (const fetchOffset of [0, 3, 4]) {
      await fetch(talk, `after deleting, from ${fetchOffset}`, 12, [{ ...here, fetchOffset }]);
    }
    for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
      const topic = `read-${compression}`;
      const id = await makeTopic(talk, topic, { 'compression.type': 'producer' });
      // The lines differ enough for no codec to choose between equal ways.
      const records = someRecords(2).map((record, index) => ({
        ...record,
        headers: [{ key: 'h', value: Buffer.from([index]) }],
      }));
      await talk.send(Produce, 9, produceDraft(topic, buildBatch(records, { compression })));
      // Old formats are compressed anew, with each library's own choices.
      const without = { without: ['records'] };
      for (const version of [0, 1, 2, 3, 9]) {
        await talk.ask(
          `${topic}, version ${version}`,
          Fetch,
          version,
          fetchDraft(version, [{ topic }]),
          without,
        );
      }
      await fetch(talk, `${topic}, version 10`, 10, [{ topic }]);
      await fetch(talk, `${topic}, version 17`, 17, [{ topicId: id }]);
    }
    await makeTopic(talk, 'read-as-it-is', { 'message.downconversion.enable': 'false' });
    await fill(talk, 'read-as-it-is', [1]);
    for (const version of [1, 3, 4])
      await fetch(talk, `as it is, version ${version}`, version, [{ topic: 'read-as-it-is' }]);
    await makeTopic(talk, 'read-zstd-type', { 'compression.type': 'zstd' });
    await fill(talk, 'read-zstd-type', [1]);
    for (const version of [3, 9])
      await fetch(talk, `zstd topic, version ${version}`, version, [{ topic: 'read-zstd-type' }]);
  },
};

export const fetchSessions: Conversation = {
  name: 'fetch-sessions',
  async hold(talk) {
    const a = { topic: 'session-a', topicId: await makeTopic(talk, 'session-a') };
    const b = { topic: 'session-b', topicId: await makeTopic(talk, 'session-b') };
    await fill(talk, 'session-a', [2]);
    for (const version of [7, 12, 13, 17]) {
      const say = (step: string, wanted: readonly Wanted[], wishes: Wishes = {}) =>
        fetch(talk, `version ${version}, ${step}`, version, wanted, wishes);
      const opened = await say('opened', [a, b], { sessionEpoch: 0 });
      const sessionId = opened?.sessionId ?? 0;
      await say('again', [], { sessionId, sessionEpoch: 1 });
      await say('further', [{ ...a, fetchOffset: 2 }], { sessionId, sessionEpoch: 2 });
      await say('nothing new', [], { sessionId, sessionEpoch: 3 });
      await fill(talk, 'session-b', [1]);
      await say('something new', [], { sessionId, sessionEpoch: 4 });
      await say('forgetting', [], { sessionId, sessionEpoch: 5, forgotten: [a] });
      await say('out of range', [{ ...b, fetchOffset: 99 }], { sessionId, sessionEpoch: 6 });
      await say('still out of range', [], { sessionId, sessionEpoch: 7 });
      await say('in range again', [{ ...b, fetchOffset: 0 }], { sessionId, sessionEpoch: 8 });
      await say('an epoch from before', [], { sessionId, sessionEpoch: 8 });
      await say('an epoch ahead', [], { sessionId, sessionEpoch: 12 });
      await say('the right epoch', [], { sessionId, sessionEpoch: 9 });
      await say('a stranger', [{ topic: 'nowhere', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' }], {
        sessionId,
        sessionEpoch: 10,
      });
      await say('a stranger still', [], { sessionId, sessionEpoch: 11 });
      await say('forgetting all', [], {
        sessionId,
        sessionEpoch: 12,
        forgotten: [b, { topic: 'nowhere', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' }],
      });
      await say('gone', [], { sessionId, sessionEpoch: 13 });
      const next = (await say('another', [a], { sessionEpoch: 0 }))?.sessionId ?? 0;
      await say('ended', [a], { sessionId: next, sessionEpoch: -1 });
      await say('after its end', [a], { sessionId: next, sessionEpoch: 1 });
      const third = (await say('a third', [a], { sessionEpoch: 0 }))?.sessionId ?? 0;
      await say('anew', [a], { sessionId: third, sessionEpoch: 0 });
      await say('after it began anew', [a], { sessionId: third, sessionEpoch: 1 });
      await say('of nothing', [], { sessionEpoch: 0 });
      await say('of no id', [a], { sessionId: 0, sessionEpoch: 5 });
    }
    const named = (await fetch(talk, 'by name', 12, [a], { sessionEpoch: 0 }))?.sessionId ?? 0;
    await fetch(talk, 'by name, then by id', 13, [], { sessionId: named, sessionEpoch: 1 });
    const byId = (await fetch(talk, 'by id', 13, [a], { sessionEpoch: 0 }))?.sessionId ?? 0;
    await fetch(talk, 'by id, then by name', 12, [], { sessionId: byId, sessionEpoch: 1 });
  },
};
