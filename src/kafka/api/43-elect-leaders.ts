import type { Timers } from '../../env/timers.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import { ElectLeadersRequest, ElectLeadersResponse } from '../../wire/kafka/messages/43-elect-leaders.ts';
import type { Infer } from '../../wire/kafka/schema/index.ts';
import type { Controller } from '../controller/controller.ts';
import type { ElectionOutcome } from '../controller/leader-elections.ts';
import type { ClusterImage } from '../metadata/cluster-image.ts';
import type { MetadataCache } from '../metadata/metadata-cache.ts';
import { byTopic } from './by-topic.ts';
import { closeConnection, type Handler, handler } from './handler.ts';
import { awaitMetadata } from './topics/await-metadata.ts';

const PREFERRED = 0;
const UNCLEAN = 1;

export interface ElectLeadersParts {
  readonly controller: Pick<Controller, 'electLeaders'>;
  readonly metadata: MetadataCache;
  readonly timers: Timers;
}

/** ElectLeaders: answers when this broker knows the new leaders, or the client's time is up. */
export function electLeadersHandler(parts: ElectLeadersParts): Handler {
  return handler({
    request: ElectLeadersRequest,
    response: ElectLeadersResponse,
    versions: [0, 2],
    async handle(request, { apiVersion }) {
      // Version 0 knows preferred elections only.
      const type = apiVersion === 0 ? PREFERRED : request.electionType;
      if (type !== PREFERRED && type !== UNCLEAN) return closeConnection;
      const asked = requested(request, parts.metadata.image);
      const outcomes = await parts.controller.electLeaders(
        asked,
        type === PREFERRED ? 'preferred' : 'unclean',
      );
      const expected = outcomes.filter(({ errorCode }) => errorCode === ErrorCode.NONE);
      const isKnown = (image: ClusterImage, { topic, partition, leader }: ElectionOutcome) =>
        image.partition(topic, partition)?.leader === leader;
      await awaitMetadata(parts, Math.max(0, request.timeoutMs), (image) =>
        expected.every((outcome) => isKnown(image, outcome)),
      );
      const { image } = parts.metadata;
      const late = new Set(expected.filter((outcome) => !isKnown(image, outcome)));
      // Who asks for all partitions is told of those where something was to be done.
      const shown = outcomes.filter(
        ({ errorCode }) => request.topicPartitions !== null || errorCode !== ErrorCode.ELECTION_NOT_NEEDED,
      );
      return {
        throttleTimeMs: 0,
        errorCode: ErrorCode.NONE,
        replicaElectionResults: [...byTopic(shown)].map(([topic, results]) => ({
          topic,
          partitionResult: results.map((outcome) => ({
            partitionId: outcome.partition,
            errorCode: late.has(outcome) ? ErrorCode.REQUEST_TIMED_OUT : outcome.errorCode,
            errorMessage: outcome.errorMessage,
          })),
        })),
      };
    },
  });
}

function requested(
  { topicPartitions }: Infer<typeof ElectLeadersRequest>,
  image: ClusterImage,
): { topic: string; partition: number }[] {
  const listed =
    topicPartitions === null
      ? [...image.topics()].map(({ name, partitions }) => ({
          topic: name,
          partitions: [...partitions.keys()],
        }))
      : topicPartitions;
  const named = listed.flatMap(({ topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition })),
  );
  return [...new Map(named.map((each) => [`${each.topic}-${each.partition}`, each])).values()];
}
