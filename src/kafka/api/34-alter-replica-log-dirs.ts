import type { ErrorCode } from '../../wire/kafka/errors.ts';
import {
  AlterReplicaLogDirsRequest,
  AlterReplicaLogDirsResponse,
} from '../../wire/kafka/messages/34-alter-replica-log-dirs.ts';
import type { LogDirMoves } from '../replica/log-dir-moves.ts';
import { type Handler, handler } from './handler.ts';

/** AlterReplicaLogDirs: has replicas moved to other log directories of this broker; answered when that has begun. */
export function alterReplicaLogDirsHandler({ moves }: { moves: Pick<LogDirMoves, 'move'> }): Handler {
  return handler({
    request: AlterReplicaLogDirsRequest,
    response: AlterReplicaLogDirsResponse,
    versions: [0, 2],
    handle({ dirs }) {
      const results = new Map<string, { partitionIndex: number; errorCode: ErrorCode }[]>();
      for (const { path, topics } of dirs) {
        for (const { name, partitions } of topics) {
          const ofTopic = results.get(name) ?? [];
          results.set(name, ofTopic);
          for (const partition of partitions) {
            const errorCode = moves.move({ topic: name, partition }, path);
            ofTopic.push({ partitionIndex: partition, errorCode });
          }
        }
      }
      return {
        throttleTimeMs: 0,
        results: Array.from(results, ([topicName, partitions]) => ({ topicName, partitions })),
      };
    },
  });
}
