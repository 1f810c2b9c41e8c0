import type { TopicPartition } from '../../../cluster/cluster-metadata.ts';
import type { Assignor } from './assignor.ts';
import { compareMembers, compareStrings, plainAssignments } from './members.ts';

/** One partition of all topics after the other to one member after the other, as `RoundRobinAssignor`. */
export const roundRobinAssignor: Assignor = {
  name: 'roundrobin',
  assign({ topics, members }) {
    const assignment = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]));
    const circle = [...members].sort(compareMembers).map(({ memberId, topics: wanted }) => ({
      wanted: new Set(wanted),
      got: assignment.get(memberId) ?? [],
    }));
    let turn = 0;
    for (const topic of [...topics.keys()].sort(compareStrings)) {
      if (!circle.some(({ wanted }) => wanted.has(topic))) continue;
      for (const { partition } of topics.get(topic) ?? []) {
        while (circle[turn % circle.length]?.wanted.has(topic) !== true) turn++;
        circle[turn % circle.length]?.got.push({ topic, partition });
        turn++;
      }
    }
    return plainAssignments(assignment);
  },
};
