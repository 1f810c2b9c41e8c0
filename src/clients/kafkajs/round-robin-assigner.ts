import { getOrPut } from '../../base/get-or-put.ts';
import { AssignerProtocol } from './assigner-protocol.ts';
import type { Assignment, PartitionAssigner } from './types/consumer.ts';

const NAME = 'RoundRobinAssigner';
const VERSION = 0;

/** All partitions of all topics dealt out to the members in the order of their ids. kafkajs's only own assigner. */
export const roundRobin: PartitionAssigner = ({ cluster }) => ({
  name: NAME,
  version: VERSION,
  async assign({ members, topics }) {
    const memberIds = members.map(({ memberId }) => memberId).sort();
    const assignments = new Map<string, Assignment>();
    let position = 0;
    for (const topic of topics) {
      for (const { partitionId } of cluster.findTopicPartitionMetadata(topic)) {
        const assignment = getOrPut(
          assignments,
          memberIds[position % memberIds.length] ?? '',
          (): Assignment => ({}),
        );
        assignment[topic] = [...(assignment[topic] ?? []), partitionId];
        position++;
      }
    }
    return [...assignments].map(([memberId, assignment]) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({
        version: VERSION,
        assignment,
        userData: Buffer.alloc(0),
      }),
    }));
  },
  protocol({ topics }) {
    const metadata = AssignerProtocol.MemberMetadata.encode({
      version: VERSION,
      topics,
      userData: Buffer.alloc(0),
    });
    return { name: NAME, metadata };
  },
});
