import { MalformedError } from '../../base/malformed-error.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import { ProduceRequest, ProduceResponse } from '../../wire/kafka/messages/00-produce.ts';
import {
  BATCH_OVERHEAD,
  BatchField,
  batchAt,
  Compression,
  TRANSACTIONAL_BIT,
} from '../../wire/kafka/records/batch.ts';
import type { Draft, Infer } from '../../wire/kafka/schema/index.ts';
import type { MetadataCache } from '../metadata/metadata-cache.ts';
import type { PartitionAppend, PartitionAppended } from '../replica/delayed-produce.ts';
import type { ReplicaManager } from '../replica/replica-manager.ts';
import { RecordsRejectedError, rejected } from '../replica/validate-records.ts';
import { closeConnection, type Handler, handler, noResponse, type RequestContext } from './handler.ts';
import { LeaderHints } from './leader-hints.ts';

export interface ProduceDependencies {
  readonly replicas: Pick<ReplicaManager, 'append'>;
  readonly metadata: MetadataCache;
}

type Request = Infer<typeof ProduceRequest>;
type Response = Draft<typeof ProduceResponse>;
type PartitionResponse = Response['responses'][number]['partitionResponses'][number];

/** From here on a request carries exactly one magic 2 batch per partition. */
const MAGIC_2_VERSION = 3;
/** From here on zstd is allowed (KIP-110). */
const ZSTD_VERSION = 7;
/** From here on a response can name the right leader (KIP-951). */
const LEADER_HINT_VERSION = 10;
/** Topics that only the broker itself writes to. */
const INTERNAL_TOPICS = new Set(['__consumer_offsets', '__transaction_state']);
/** Apache lets this client id write to internal topics (`AuthorizationUtils.AdminUtils.AdminClientId`). */
const ADMIN_CLIENT_ID = '__admin_client';

/** One partition of a request, with its place in the response. */
interface Entry {
  readonly topic: string;
  readonly index: number;
  result: PartitionAppended | undefined;
}

/** Produce: appends the received bytes in place; acks=0 is answered by silence, or by a closed connection. */
export function produceHandler({ replicas, metadata }: ProduceDependencies): Handler {
  return handler({
    request: ProduceRequest,
    response: ProduceResponse,
    versions: [0, 11],
    handle(request, context) {
      const { acks, timeoutMs } = request;
      const { apiVersion, connection } = context;
      const { listenerName } = connection;
      const entries: Entry[] = [];
      const appends: PartitionAppend[] = [];
      const accepted: Entry[] = [];
      const whole = transactionRefusal(request);
      for (const { name: topic, partitionData } of request.topicData) {
        for (const { index, records } of partitionData) {
          const known = metadata.image.partition(topic, index) !== undefined;
          const unknown = known ? undefined : failure(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
          const result = whole ?? unknown ?? refuse(request, context, topic, records);
          const entry: Entry = { topic, index, result };
          entries.push(entry);
          if (entry.result !== undefined || records === null) continue;
          accepted.push(entry);
          appends.push({ topicPartition: { topic, partition: index }, records });
        }
      }
      const finish = (results: readonly PartitionAppended[]) => {
        for (const [at, entry] of accepted.entries()) entry.result = results[at];
        if (acks === 0) return silentResult(entries);
        return responseOf(
          entries,
          new LeaderHints(metadata, listenerName, apiVersion >= LEADER_HINT_VERSION),
        );
      };
      const results = replicas.append({ acks, timeoutMs, origin: 'client' }, appends);
      return results instanceof Promise ? results.then(finish) : finish(results);
    },
  });
}

/**
 * Records of a transaction need a transactional id, which `KafkaApis.handleProduceRequest` checks for the request as
 * a whole. With one they are refused too: there is no transaction coordinator to have begun the transaction.
 */
function transactionRefusal(request: Request): PartitionAppended | undefined {
  const isPart = request.topicData.some(({ partitionData }) =>
    partitionData.some(({ records }) => records !== null && isTransactional(records)),
  );
  if (!isPart) return undefined;
  if (request.transactionalId === null) return failure(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
  return failure(ErrorCode.INVALID_TXN_STATE, 'This broker does not serve transactions');
}

/** Looks at the first batch's attributes alone; whether it is a batch at all is found out later. */
function isTransactional(records: Buffer): boolean {
  if (records.length < BATCH_OVERHEAD || records.readInt8(BatchField.magic) !== 2) return false;
  return (records.readInt16BE(BatchField.attributes) & TRANSACTIONAL_BIT) !== 0;
}

/** What can be said against a partition's records before they come to the log; undefined when nothing. */
function refuse(
  request: Request,
  { apiVersion, clientId }: RequestContext,
  topic: string,
  records: Buffer | null,
): PartitionAppended | undefined {
  if (request.acks !== 0 && request.acks !== 1 && request.acks !== -1) {
    return failure(ErrorCode.INVALID_REQUIRED_ACKS);
  }
  try {
    checkFormat(apiVersion, records);
  } catch (error) {
    const refusal = error instanceof MalformedError ? rejected(error) : error;
    if (refusal instanceof RecordsRejectedError) return failure(ErrorCode[refusal.error], refusal.message);
    throw refusal;
  }
  if (!INTERNAL_TOPICS.has(topic) || clientId === ADMIN_CLIENT_ID) return undefined;
  return failure(ErrorCode.INVALID_TOPIC_EXCEPTION, `Clients can not write to the internal topic ${topic}`);
}

/** The rules of `ProduceRequest.validateRecords`: which formats and codecs a version may carry. */
function checkFormat(version: number, records: Buffer | null): void {
  if (records === null) throw new RecordsRejectedError('INVALID_RECORD', 'a partition comes without records');
  if (version < MAGIC_2_VERSION) return;
  const batch = batchAt(records, 0);
  const invalid = (what: string) =>
    new RecordsRejectedError('INVALID_RECORD', `Produce requests with version ${version} ${what}`);
  if (batch === undefined) throw invalid('must have one record batch per partition');
  if (batch.magic !== 2) throw invalid(`must carry magic 2, not ${batch.magic}`);
  if (version < ZSTD_VERSION && batch.compressionId === Compression.zstd) {
    throw new RecordsRejectedError(
      'UNSUPPORTED_COMPRESSION_TYPE',
      `Produce requests with version ${version} may not use zstd`,
    );
  }
  if (batchAt(records, batch.end) !== undefined)
    throw invalid('must have exactly one record batch per partition');
}

function failure(error: ErrorCode, message?: string): PartitionAppended {
  const failed = { error, baseOffset: -1, nextOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 };
  return message === undefined ? failed : { ...failed, message };
}

/** acks=0: the client can learn of an error only by losing its connection. */
function silentResult(entries: readonly Entry[]): typeof noResponse | typeof closeConnection {
  const failed = entries.some(({ result }) => result !== undefined && result.error !== ErrorCode.NONE);
  return failed ? closeConnection : noResponse;
}

function responseOf(entries: readonly Entry[], hints: LeaderHints): Response {
  const responses: { name: string; partitionResponses: PartitionResponse[] }[] = [];
  for (const entry of entries) {
    let topic = responses[responses.length - 1];
    if (topic === undefined || topic.name !== entry.topic) {
      topic = { name: entry.topic, partitionResponses: [] };
      responses.push(topic);
    }
    topic.partitionResponses.push(partitionResponse(entry, hints));
  }
  return { responses, nodeEndpoints: hints.nodeEndpoints() };
}

function partitionResponse(entry: Entry, hints: LeaderHints): PartitionResponse {
  const result = entry.result ?? failure(ErrorCode.UNKNOWN_SERVER_ERROR);
  const { error, message, baseOffset, logAppendTimeMs, logStartOffset, recordErrors = [] } = result;
  const currentLeader = hints.leaderOf(error, entry.topic, entry.index);
  return {
    index: entry.index,
    errorCode: error,
    baseOffset,
    logAppendTimeMs,
    logStartOffset,
    errorMessage: message ?? null,
    recordErrors: recordErrors.map(({ batchIndex, message: batchIndexErrorMessage }) => ({
      batchIndex,
      batchIndexErrorMessage,
    })),
    ...(currentLeader === undefined ? {} : { currentLeader }),
  };
}
