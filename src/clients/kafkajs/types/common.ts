/** Shapes that producer, consumer and admin client of kafkajs have in common. Int64 numbers are texts in them. */
import type { CompressionTypes, logLevel } from '../constants.ts';
import type { Mechanism, SASLOptions } from './sasl.ts';

export interface LoggerEntryContent {
  readonly timestamp: string;
  readonly message: string;
  [key: string]: unknown;
}

export interface LogEntry {
  namespace: string;
  level: logLevel;
  label: string;
  log: LoggerEntryContent;
}

export type logCreator = (logLevel: logLevel) => (entry: LogEntry) => void;

export type Logger = {
  info: (message: string, extra?: object) => void;
  error: (message: string, extra?: object) => void;
  warn: (message: string, extra?: object) => void;
  debug: (message: string, extra?: object) => void;
  namespace: (namespace: string, logLevel?: logLevel) => Logger;
  setLogLevel: (logLevel: logLevel) => void;
};

export interface RetryOptions {
  /** The longest pause. Default 30 s. */
  maxRetryTime?: number;
  /** The first pause. Default 300 ms. */
  initialRetryTime?: number;
  /** How much pauses vary, as a share of them. Default 0.2. */
  factor?: number;
  /** What pauses grow by. Default 2. */
  multiplier?: number;
  /** Default 5. */
  retries?: number;
  restartOnFailure?: (error: Error) => Promise<boolean>;
}

export type BrokersFunction = () => string[] | Promise<string[]>;

export interface ISocketFactoryArgs {
  host: string;
  port: number;
  ssl: object;
  onConnect: () => void;
}

export type ISocketFactory = (args: ISocketFactoryArgs) => object;

export interface KafkaConfig {
  brokers: string[] | BrokersFunction;
  /** Not served yet: refused. */
  ssl?: boolean | object;
  /** Not served yet: refused. */
  sasl?: SASLOptions | Mechanism;
  clientId?: string;
  connectionTimeout?: number;
  authenticationTimeout?: number;
  reauthenticationThreshold?: number;
  requestTimeout?: number;
  enforceRequestTimeout?: boolean;
  retry?: RetryOptions;
  /** Not served: refused. */
  socketFactory?: ISocketFactory;
  logLevel?: logLevel;
  logCreator?: logCreator;
}

export interface IHeaders {
  [key: string]: Buffer | string | (Buffer | string)[] | undefined;
}

export interface Message {
  key?: Buffer | string | null;
  value: Buffer | string | null;
  partition?: number;
  headers?: IHeaders;
  /** Milliseconds since the epoch. */
  timestamp?: string;
}

interface MessageSetEntry {
  key: Buffer | null;
  value: Buffer | null;
  timestamp: string;
  attributes: number;
  offset: string;
  size: number;
  headers?: never;
}

interface RecordBatchEntry {
  key: Buffer | null;
  value: Buffer | null;
  timestamp: string;
  attributes: number;
  offset: string;
  headers: IHeaders;
  size?: never;
}

export type KafkaMessage = MessageSetEntry | RecordBatchEntry;

export type TopicPartition = { topic: string; partition: number };
export type TopicPartitionOffset = TopicPartition & { offset: string };
export type TopicPartitionOffsetAndMetadata = TopicPartitionOffset & { metadata?: string | null };
export type TopicPartitions = { topic: string; partitions: number[] };

export interface PartitionOffset {
  partition: number;
  offset: string;
}

export interface TopicOffsets {
  topic: string;
  partitions: PartitionOffset[];
}

export interface Offsets {
  topics: TopicOffsets[];
}

export type PartitionMetadata = {
  partitionErrorCode: number;
  partitionId: number;
  leader: number;
  replicas: number[];
  isr: number[];
  offlineReplicas?: number[];
};

export interface BrokerMetadata {
  brokers: Array<{ nodeId: number; host: string; port: number; rack?: string }>;
  topicMetadata: Array<{ topicErrorCode: number; topic: string; partitionMetadata: PartitionMetadata[] }>;
}

export interface InstrumentationEvent<T> {
  id: string;
  type: string;
  timestamp: number;
  payload: T;
}

export type RemoveInstrumentationEventListener<_T> = () => void;

export type ConnectEvent = InstrumentationEvent<null>;
export type DisconnectEvent = InstrumentationEvent<null>;

export interface RequestPayload {
  apiKey: number;
  apiName: string;
  apiVersion: number;
  broker: string;
  clientId: string;
  correlationId: number;
  createdAt: number;
  duration: number;
  pendingDuration: number;
  sentAt: number;
  size: number;
}

export type RequestEvent = InstrumentationEvent<RequestPayload>;
export type RequestTimeoutEvent = InstrumentationEvent<Omit<RequestPayload, 'duration' | 'size'>>;
export type RequestQueueSizeEvent = InstrumentationEvent<{
  broker: string;
  clientId: string;
  queueSize: number;
}>;

export interface ISerializer<T> {
  encode(value: T): Buffer;
  decode(buffer: Buffer): T | null;
}

/** All codecs are built in: nothing has to be put in here, and what is put in is not asked. */
export type CompressionCodecsTable = {
  [codec in Exclude<CompressionTypes, 0>]: () => unknown;
};
