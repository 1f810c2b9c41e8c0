import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as rules from '../../swarm/kafka/invariants.ts';
import type { KafkaObservation, SeenRecord, SentBatch, SentRecord } from '../../swarm/kafka/observation.ts';

const P = 'numbers-0';
const record = (offset: number, value: string | null, key: string | null = null): SeenRecord => ({
  offset,
  key,
  value,
  timestamp: offset * 10,
});
const batchOf = (...records: SentRecord[]): SentBatch => ({
  producer: 1,
  isIdempotent: true,
  partition: P,
  records,
  timestamp: 0,
});
const batch = (...values: string[]): SentBatch => batchOf(...values.map((value) => ({ key: null, value })));
const sent = (...values: string[]): KafkaObservation => ({ kind: 'sent', batch: batch(...values) });
const acknowledged = (baseOffset: number, ...values: string[]): KafkaObservation => ({
  kind: 'acknowledged',
  batch: batch(...values),
  baseOffset,
});
const keyAcknowledged = (offset: number, key: string, value: string | null): KafkaObservation => ({
  kind: 'acknowledged',
  batch: batchOf({ key, value }),
  baseOffset: offset,
});
const keySent = (key: string, value: string | null): KafkaObservation => ({
  kind: 'sent',
  batch: batchOf({ key, value }),
});
const fetched = (
  fetchOffset: number,
  highWatermark: number,
  invokedAt: number,
  ...records: SeenRecord[]
): KafkaObservation => ({
  kind: 'fetched',
  reader: 'member1',
  broker: 0,
  partition: P,
  fetchOffset,
  highWatermark,
  isCompacted: false,
  records,
  invokedAt,
});
const wholeLog = (...records: SeenRecord[]): KafkaObservation => ({
  kind: 'whole log',
  partition: P,
  highWatermark: records.length,
  isCompacted: false,
  records,
});
const compactedLog = (...records: SeenRecord[]): KafkaObservation => ({
  kind: 'whole log',
  partition: P,
  highWatermark: 100,
  isCompacted: true,
  records,
});
const committed = (offset: number): KafkaObservation => ({
  kind: 'committed',
  member: 'member1',
  partition: P,
  offset,
});
const found = (offset: number, invokedAt: number): KafkaObservation => ({
  kind: 'commit found',
  partition: P,
  offset,
  invokedAt,
});
const outOfRange: KafkaObservation = { kind: 'out of range', member: 'member1', partition: P, offset: 5 };
const lost: KafkaObservation = { kind: 'promise lapsed', partition: P };

interface Case {
  readonly rule: () => rules.KafkaInvariant;
  readonly broken: readonly KafkaObservation[];
  readonly kept: readonly KafkaObservation[];
}

/** For each rule the shortest story that breaks it and one next to it that does not. */
const CASES: readonly Case[] = [
  {
    rule: rules.noAcknowledgedRecordLost,
    broken: [acknowledged(0, 'a', 'b'), wholeLog(record(0, 'a'))],
    kept: [acknowledged(0, 'a', 'b'), wholeLog(record(0, 'a'), record(1, 'b'))],
  },
  {
    rule: rules.noAcknowledgedRecordLost,
    broken: [acknowledged(0, 'a', 'b'), lost, wholeLog(record(0, 'x'), record(1, 'b'))],
    kept: [acknowledged(0, 'a', 'b'), lost, wholeLog(record(0, 'a'), record(1, 'x'))],
  },
  {
    rule: rules.noAcknowledgedRecordLost,
    broken: [keyAcknowledged(0, 'k', 'a'), compactedLog(record(1, 'b', 'other'))],
    kept: [keyAcknowledged(0, 'k', 'a'), compactedLog(record(1, 'b', 'k'))],
  },
  {
    rule: rules.noAcknowledgedRecordLost,
    broken: [keyAcknowledged(0, 'k', 'a'), compactedLog()],
    kept: [keySent('k', null), keyAcknowledged(0, 'k', 'a'), compactedLog()],
  },
  {
    rule: rules.noDuplicates,
    broken: [sent('a'), wholeLog(record(0, 'a'), record(1, 'a'))],
    kept: [sent('a'), wholeLog(record(0, 'a'), record(1, 'b'), record(2, 'b'))],
  },
  {
    rule: rules.noInventions,
    broken: [sent('a'), wholeLog(record(0, 'b'))],
    kept: [sent('b'), wholeLog(record(0, 'b'))],
  },
  {
    rule: rules.contiguousOffsets,
    broken: [fetched(3, 9, 0, record(3, 'a'), record(5, 'b'))],
    kept: [fetched(3, 9, 0, record(3, 'a'), record(4, 'b'))],
  },
  {
    rule: rules.contiguousOffsets,
    broken: [fetched(3, 3, 0, record(3, 'a'))],
    kept: [fetched(3, 4, 0, record(3, 'a'))],
  },
  {
    rule: rules.equalLogs,
    broken: [fetched(0, 1, 0, record(0, 'a')), fetched(0, 1, 0, record(0, 'b'))],
    kept: [fetched(0, 1, 0, record(0, 'a')), lost, fetched(0, 1, 0, record(0, 'b'))],
  },
  {
    rule: rules.monotoneHighWatermark,
    broken: [fetched(0, 5, 0), fetched(0, 4, 1)],
    kept: [fetched(0, 5, 0), fetched(0, 4, 0)],
  },
  {
    rule: rules.committedOffsetsNeverGoBack,
    broken: [committed(5), found(4, 1)],
    kept: [committed(5), found(4, 0)],
  },
  {
    rule: rules.committedIsInRange,
    broken: [outOfRange],
    kept: [lost, outOfRange],
  },
  {
    rule: rules.groupReadsEverything,
    broken: [fetched(0, 2, 0, record(0, 'a')), committed(2)],
    kept: [fetched(0, 2, 0, record(0, 'a'), record(1, 'b')), committed(2)],
  },
  {
    rule: rules.producerStateIsKept,
    broken: [{ kind: 'out of sequence', batch: batch('a'), errorCode: 45 }],
    kept: [lost, { kind: 'out of sequence', batch: batch('a'), errorCode: 45 }],
  },
  {
    rule: rules.timeIndexIsRight,
    broken: [
      wholeLog(record(0, 'a'), record(1, 'b')),
      { kind: 'offset by time', partition: P, timestamp: 5, offset: 0 },
    ],
    kept: [
      wholeLog(record(0, 'a'), record(1, 'b')),
      { kind: 'offset by time', partition: P, timestamp: 5, offset: 1 },
    ],
  },
];

function judge(rule: () => rules.KafkaInvariant, story: readonly KafkaObservation[]): string | undefined {
  const invariant = rule();
  for (const observation of story) {
    const wrong = invariant.see(observation);
    if (wrong !== undefined) return wrong;
  }
  return invariant.end?.();
}

describe('the rules for Kafka', () => {
  for (const { rule, broken, kept } of CASES) {
    it(`${rule().name}: broken and kept`, () => {
      assert.notEqual(judge(rule, broken), undefined);
      assert.equal(judge(rule, kept), undefined);
    });
  }
});
