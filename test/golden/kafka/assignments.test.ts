import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { assignReplicas, assignReplicasRackAware } from '../../../src/kafka/controller/replica-assignment.ts';

/** What Apache's AdminUtils was asked and what it said, see tools/golden/MakeAssignments.java. */
interface Assignment {
  readonly brokers: readonly (readonly [id: number, rack: string | null])[];
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly start: number;
  readonly startPartition: number;
  readonly replicas: readonly (readonly number[])[];
}

const file = new URL('../../../../test/golden/kafka/assignments.jsonl', import.meta.url);
const assignments: Assignment[] = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

function assign({ brokers, partitions, replicationFactor, start, startPartition }: Assignment) {
  const request = { partitions, replicationFactor, startIndex: start, firstShift: start, startPartition };
  const racks = new Map(brokers.flatMap(([id, rack]) => (rack === null ? [] : [[id, rack] as const])));
  const ids = brokers.map(([id]) => id);
  return racks.size === 0 ? assignReplicas(ids, request) : assignReplicasRackAware(racks, request);
}

describe('replicas are assigned as Apache assigns them', () => {
  const isRacked = ({ brokers }: Assignment) => brokers.some(([, rack]) => rack !== null);
  for (const [title, chosen] of [
    ['without racks', assignments.filter((each) => !isRacked(each))],
    ['over racks', assignments.filter(isRacked)],
  ] as const) {
    it(title, () => {
      assert.ok(chosen.length > 50, `only ${chosen.length} assignments to compare`);
      for (const each of chosen) {
        const ours = [...assign(each)];
        assert.deepEqual(
          ours.map(([partition]) => partition),
          each.replicas.map((_, index) => each.startPartition + index),
        );
        assert.deepEqual(
          ours.map(([, replicas]) => replicas),
          each.replicas,
          JSON.stringify({ ...each, replicas: undefined }),
        );
      }
    });
  }
});
