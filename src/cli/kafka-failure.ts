import { ConfigError } from '../base/config-keys/config-error.ts';
import { BrokerError, KafkaError } from '../clients/kafka/kafka-error.ts';
import { JavaError } from './java-error.ts';

const ERRORS = 'org.apache.kafka.common.errors';

/** Names of errors whose exception is not called as they are. */
const CLASSES: Readonly<Record<string, string>> = {
  ILLEGAL_GENERATION: 'IllegalGenerationException',
  INVALID_CONFIG: 'InvalidConfigurationException',
  INVALID_GROUP_ID: 'InvalidGroupIdException',
  INVALID_TOPIC_EXCEPTION: 'InvalidTopicException',
  MESSAGE_TOO_LARGE: 'RecordTooLargeException',
  NON_EMPTY_GROUP: 'GroupNotEmptyException',
  REQUEST_TIMED_OUT: 'TimeoutException',
  TIMED_OUT: 'TimeoutException',
  TOPIC_ALREADY_EXISTS: 'TopicExistsException',
  TOPIC_AUTHORIZATION_FAILED: 'TopicAuthorizationException',
  GROUP_AUTHORIZATION_FAILED: 'GroupAuthorizationException',
  CLUSTER_AUTHORIZATION_FAILED: 'ClusterAuthorizationException',
  KAFKA_STORAGE_ERROR: 'KafkaStorageException',
  DUPLICATE_RESOURCE: 'DuplicateResourceException',
  UNREACHABLE: 'TimeoutException',
  UNSUPPORTED: 'UnsupportedVersionException',
  DISCONNECTED: 'DisconnectException',
};

function javaClassOf(code: string): string {
  const words = code.toLowerCase().split('_');
  const camel = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
  return `${ERRORS}.${CLASSES[code] ?? `${camel}Exception`}`;
}

/** Errors of the clients and of configurations as the exceptions that Apache's tools would meet; others as they are. */
export function asJavaError(error: unknown): unknown {
  if (error instanceof BrokerError) return new JavaError(javaClassOf(error.code), error.reason);
  if (error instanceof KafkaError) return new JavaError(javaClassOf(error.code), error.message);
  if (error instanceof ConfigError) {
    return new JavaError('org.apache.kafka.common.config.ConfigException', error.message);
  }
  return error;
}

/** As {@link asJavaError}, wrapped as Java's futures do when nobody unwraps what they failed with. */
export function asExecutionError(error: unknown): unknown {
  const cause = asJavaError(error);
  if (!(cause instanceof JavaError)) return error;
  return new JavaError('java.util.concurrent.ExecutionException', cause.toJavaString(), { cause });
}
