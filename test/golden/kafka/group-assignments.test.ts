import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import {
  type AssignorName,
  assignorsOf,
} from '../../../src/clients/kafka/consumer/group/assignors/assignor.ts';
import { comparePartitions } from '../../../src/clients/kafka/consumer/group/assignors/members.ts';

/** What Apache's assignors were asked and what they said, see tools/golden/MakeGroupAssignments.java. */
interface Division {
  readonly assignor: AssignorName;
  /** Racks of the replicas of each partition. */
  readonly topics: Readonly<Record<string, readonly (readonly string[])[]>>;
  readonly members: readonly {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly rackId: string | null;
    readonly topics: readonly string[];
    readonly ownedPartitions: readonly string[];
    readonly generationId: number;
    readonly userData: string | null;
  }[];
  /** Sorted. */
  readonly assignment: Readonly<Record<string, readonly string[]>>;
}

const file = new URL('../../../../test/golden/kafka/group-assignments.jsonl.gz', import.meta.url);
const divisions: Division[] = gunzipSync(readFileSync(file))
  .toString()
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

function partitionOf(text: string) {
  const dash = text.lastIndexOf('-');
  return { topic: text.slice(0, dash), partition: Number(text.slice(dash + 1)) };
}

function divide({ assignor: name, topics, members }: Division) {
  const [assignor] = assignorsOf([name]);
  const wanted = new Set(members.flatMap((member) => member.topics));
  const shares = assignor?.assign({
    topics: new Map(
      Object.entries(topics)
        .filter(([topic]) => wanted.has(topic))
        .map(([topic, partitions]) => [
          topic,
          partitions.map((replicaRacks, partition) => ({ partition, replicaRacks })),
        ]),
    ),
    members: members.map((member) => ({
      ...member,
      ownedPartitions: member.ownedPartitions.map(partitionOf),
      userData: member.userData === null ? null : Buffer.from(member.userData, 'hex'),
    })),
  });
  return Object.fromEntries(
    members.map(({ memberId }) => [
      memberId,
      [...(shares?.get(memberId)?.partitions ?? [])]
        .sort(comparePartitions)
        .map(({ topic, partition }) => `${topic}-${partition}`),
    ]),
  );
}

describe('partitions are divided among members as Apache divides them', () => {
  for (const name of ['range', 'roundrobin', 'sticky', 'cooperative-sticky'] as const) {
    const chosen = divisions.filter(({ assignor }) => assignor === name);
    it(`by ${name}`, () => {
      assert.ok(chosen.length > 300, `only ${chosen.length} divisions to compare`);
      for (const [index, division] of chosen.entries()) {
        assert.deepEqual(divide(division), division.assignment, `division ${index}`);
      }
    });
  }
});
