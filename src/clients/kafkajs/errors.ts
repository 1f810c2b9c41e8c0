/**
 * The errors that programs written for kafkajs look at: by class, by `name`, by `type` and `code` of what a broker
 * answered, by `retriable`.
 */
import type { PartitionMetadata } from './types/common.ts';

export interface KafkaJSErrorMetadata {
  retriable?: boolean;
  topic?: string;
  partitionId?: number;
  metadata?: PartitionMetadata;
  cause?: Error;
}

type Reason = Error | string;

export class KafkaJSError extends Error {
  readonly retriable: boolean;
  readonly helpUrl?: string;
  declare readonly cause?: Error;

  constructor(reason: Reason, metadata: KafkaJSErrorMetadata = {}) {
    super(typeof reason === 'string' ? reason : reason.message);
    this.name = 'KafkaJSError';
    this.retriable = metadata.retriable ?? true;
    // Always there, as in kafkajs, whatever is in it.
    Object.assign(this, { helpUrl: (reason as KafkaJSError).helpUrl, cause: metadata.cause });
  }
}

export class KafkaJSNonRetriableError extends KafkaJSError {
  constructor(reason: Reason, { cause }: KafkaJSErrorMetadata = {}) {
    super(reason, { retriable: false, ...(cause && { cause }) });
    this.name = 'KafkaJSNonRetriableError';
  }
}

/** An error of the protocol as kafkajs names it, see `error-types.ts`. */
export interface ProtocolErrorFacts {
  readonly message: string;
  readonly type: string;
  readonly code: number;
  readonly retriable: boolean;
}

export class KafkaJSProtocolError extends KafkaJSError {
  readonly code: number;
  readonly type: string;

  constructor(reason: Reason | ProtocolErrorFacts, metadata: { retriable?: boolean } = {}) {
    const facts: Partial<ProtocolErrorFacts> =
      typeof reason === 'string' ? {} : (reason as ProtocolErrorFacts);
    super(typeof reason === 'string' ? reason : reason.message, {
      retriable: metadata.retriable ?? facts.retriable ?? true,
    });
    this.type = facts.type as string;
    this.code = facts.code as number;
    this.name = 'KafkaJSProtocolError';
  }
}

export class KafkaJSOffsetOutOfRange extends KafkaJSProtocolError {
  readonly topic: string;
  readonly partition: number;

  constructor(reason: Reason | ProtocolErrorFacts, metadata: KafkaJSOffsetOutOfRangeMetadata) {
    super(reason);
    this.topic = metadata.topic;
    this.partition = metadata.partition;
    this.name = 'KafkaJSOffsetOutOfRange';
  }
}

export class KafkaJSMemberIdRequired extends KafkaJSProtocolError {
  readonly memberId: string;

  constructor(reason: Reason | ProtocolErrorFacts, { memberId }: { memberId: string }) {
    super(reason);
    this.memberId = memberId;
    this.name = 'KafkaJSMemberIdRequired';
  }
}

export class KafkaJSCreateTopicError extends KafkaJSProtocolError {
  readonly topic: string;

  constructor(reason: Reason | ProtocolErrorFacts, topic: string) {
    super(reason);
    this.topic = topic;
    this.name = 'KafkaJSCreateTopicError';
  }
}

export class KafkaJSAlterPartitionReassignmentsError extends KafkaJSProtocolError {
  readonly topic?: string;
  readonly partition?: number;

  constructor(reason: Reason | ProtocolErrorFacts, topic?: string, partition?: number) {
    super(reason);
    if (topic !== undefined) this.topic = topic;
    if (partition !== undefined) this.partition = partition;
    this.name = 'KafkaJSAlterPartitionReassignmentsError';
  }
}

export class KafkaJSNumberOfRetriesExceeded extends KafkaJSNonRetriableError {
  declare readonly stack: string;
  readonly retryCount: number;
  readonly retryTime: number;

  constructor(reason: Reason, metadata: KafkaJSNumberOfRetriesExceededMetadata) {
    super(reason, reason instanceof Error ? { cause: reason } : {});
    Object.assign(this, {
      stack: `${this.name}\n  Caused by: ${reason instanceof Error ? reason.stack : reason}`,
    });
    this.retryCount = metadata.retryCount;
    this.retryTime = metadata.retryTime;
    this.name = 'KafkaJSNumberOfRetriesExceeded';
  }
}

export class KafkaJSConnectionError extends KafkaJSError {
  readonly broker: string;
  /** The system's own, such as ECONNREFUSED. */
  readonly code?: string;

  constructor(reason: Reason, { broker, code }: KafkaJSConnectionErrorMetadata = {}) {
    super(reason);
    this.broker = broker as string;
    if (code !== undefined) this.code = code;
    this.name = 'KafkaJSConnectionError';
  }
}

export class KafkaJSConnectionClosedError extends KafkaJSConnectionError {
  readonly host: string | undefined;
  readonly port: number | undefined;

  constructor(reason: Reason, { host, port }: { host?: string; port?: number } = {}) {
    super(reason, { broker: `${host}:${port}` });
    this.host = host;
    this.port = port;
    this.name = 'KafkaJSConnectionClosedError';
  }
}

export class KafkaJSRequestTimeoutError extends KafkaJSError {
  readonly broker: string;
  readonly correlationId: number;
  readonly createdAt: number;
  readonly sentAt: number;
  readonly pendingDuration: number;

  constructor(reason: Reason, metadata: Partial<KafkaJSRequestTimeoutErrorMetadata> = {}) {
    super(reason);
    this.broker = metadata.broker as string;
    this.correlationId = metadata.correlationId as number;
    this.createdAt = metadata.createdAt as number;
    this.sentAt = metadata.sentAt as number;
    this.pendingDuration = metadata.pendingDuration as number;
    this.name = 'KafkaJSRequestTimeoutError';
  }
}

export class KafkaJSMetadataNotLoaded extends KafkaJSError {
  constructor(reason: Reason = '', metadata: KafkaJSErrorMetadata = {}) {
    super(reason, metadata);
    this.name = 'KafkaJSMetadataNotLoaded';
  }
}

export class KafkaJSTopicMetadataNotLoaded extends KafkaJSMetadataNotLoaded {
  readonly topic: string;

  constructor(reason: Reason, metadata: Partial<KafkaJSTopicMetadataNotLoadedMetadata> = {}) {
    super(reason);
    this.topic = metadata.topic as string;
    this.name = 'KafkaJSTopicMetadataNotLoaded';
  }
}

export class KafkaJSStaleTopicMetadataAssignment extends KafkaJSError {
  readonly topic: string;
  readonly unknownPartitions: number;

  constructor(reason: Reason, metadata: Partial<KafkaJSStaleTopicMetadataAssignmentMetadata> = {}) {
    super(reason);
    this.topic = metadata.topic as string;
    this.unknownPartitions = metadata.unknownPartitions as unknown as number;
    this.name = 'KafkaJSStaleTopicMetadataAssignment';
  }
}

export class KafkaJSDeleteGroupsError extends KafkaJSError {
  readonly groups: { groupId: string; errorCode?: number; error?: KafkaJSProtocolError }[];

  constructor(reason: Reason, groups: KafkaJSDeleteGroupsErrorGroups[] = []) {
    super(reason);
    this.groups = groups as { groupId: string; errorCode?: number; error?: KafkaJSProtocolError }[];
    this.name = 'KafkaJSDeleteGroupsError';
  }
}

export class KafkaJSServerDoesNotSupportApiKey extends KafkaJSNonRetriableError {
  readonly apiKey: number;
  readonly apiName: string;

  constructor(reason: Reason, metadata: Partial<KafkaJSServerDoesNotSupportApiKeyMetadata> = {}) {
    super(reason);
    this.apiKey = metadata.apiKey as number;
    this.apiName = metadata.apiName as string;
    this.name = 'KafkaJSServerDoesNotSupportApiKey';
  }
}

export class KafkaJSBrokerNotFound extends KafkaJSError {
  constructor(reason: Reason = '', metadata: KafkaJSErrorMetadata = {}) {
    super(reason, metadata);
    this.name = 'KafkaJSBrokerNotFound';
  }
}

export class KafkaJSNoBrokerAvailableError extends KafkaJSError {
  constructor() {
    super('No broker available');
    this.name = 'KafkaJSNoBrokerAvailableError';
  }
}

export class KafkaJSDeleteTopicRecordsError extends KafkaJSError {
  readonly partitions: KafkaJSDeleteTopicRecordsErrorPartition[];

  /** Retriable when what went wrong with every partition is. */
  constructor({ partitions }: Omit<KafkaJSDeleteTopicRecordsErrorTopic, 'topic'> & { topic?: string }) {
    super('Error while deleting records', {
      retriable: partitions.every(({ error }) => error === undefined || error.retriable),
    });
    this.partitions = partitions;
    this.name = 'KafkaJSDeleteTopicRecordsError';
  }
}

export class KafkaJSAggregateError extends Error {
  readonly errors: (Error | string)[];

  constructor(message: Reason, errors: (Error | string)[]) {
    super(typeof message === 'string' ? message : message.message);
    this.errors = errors;
    this.name = 'KafkaJSAggregateError';
  }
}

export class KafkaJSFetcherRebalanceError extends Error {}

/** A class of errors that say nothing but what they are. */
function plain(
  name: string,
): new (
  reason?: Reason,
  metadata?: KafkaJSErrorMetadata,
) => KafkaJSNonRetriableError {
  const { [name]: made } = {
    [name]: class extends KafkaJSNonRetriableError {
      constructor(reason: Reason = '', metadata: KafkaJSErrorMetadata = {}) {
        super(reason, metadata);
        this.name = name;
      }
    },
  };
  return made as new (
    reason?: Reason,
    metadata?: KafkaJSErrorMetadata,
  ) => KafkaJSNonRetriableError;
}

export class KafkaJSPartialMessageError extends plain('KafkaJSPartialMessageError') {}
export class KafkaJSSASLAuthenticationError extends plain('KafkaJSSASLAuthenticationError') {}
export class KafkaJSGroupCoordinatorNotFound extends plain('KafkaJSGroupCoordinatorNotFound') {}
export class KafkaJSNotImplemented extends plain('KafkaJSNotImplemented') {}
export class KafkaJSTimeout extends plain('KafkaJSTimeout') {}
export class KafkaJSUnsupportedMagicByteInMessageSet extends plain(
  'KafkaJSUnsupportedMagicByteInMessageSet',
) {}
export class KafkaJSInvariantViolation extends plain('KafkaJSInvariantViolation') {}
export class KafkaJSInvalidVarIntError extends plain('KafkaJSNonRetriableError') {}
export class KafkaJSInvalidLongError extends plain('KafkaJSNonRetriableError') {}

export class KafkaJSLockTimeout extends KafkaJSTimeout {
  constructor(reason: Reason = '', metadata: KafkaJSErrorMetadata = {}) {
    super(reason, metadata);
    this.name = 'KafkaJSLockTimeout';
  }
}

export interface KafkaJSDeleteGroupsErrorGroups {
  groupId: string;
  errorCode: number;
  error: KafkaJSError;
}

export interface KafkaJSDeleteTopicRecordsErrorTopic {
  topic: string;
  partitions: KafkaJSDeleteTopicRecordsErrorPartition[];
}

export interface KafkaJSDeleteTopicRecordsErrorPartition {
  partition: number;
  offset: string;
  error: KafkaJSError;
}

export interface KafkaJSOffsetOutOfRangeMetadata {
  topic: string;
  partition: number;
}

export interface KafkaJSNumberOfRetriesExceededMetadata {
  retryCount: number;
  retryTime: number;
}

export interface KafkaJSConnectionErrorMetadata {
  broker?: string;
  code?: string;
}

export interface KafkaJSRequestTimeoutErrorMetadata {
  broker: string;
  clientId: string;
  correlationId: number;
  createdAt: number;
  sentAt: number;
  pendingDuration: number;
}

export interface KafkaJSTopicMetadataNotLoadedMetadata {
  topic: string;
}

export interface KafkaJSStaleTopicMetadataAssignmentMetadata {
  topic: string;
  unknownPartitions: PartitionMetadata[];
}

export interface KafkaJSServerDoesNotSupportApiKeyMetadata {
  apiKey: number;
  apiName: string;
}
