import { ConfigError } from '../base/config-keys/config-error.ts';
import { BrokerError, KafkaError } from '../clients/kafka/kafka-error.ts';
import { UnsupportedApiError } from '../clients/kafka/network/network-error.ts';
import { brokerErrors } from './broker-errors.ts';
import { JavaError } from './java-error.ts';

const ERRORS = 'org.apache.kafka.common.errors';

/** Exceptions for what fails on this side. */
const CLIENT_ERRORS: Readonly<Record<string, string>> = {
  DISCONNECTED: 'DisconnectException',
  INVALID_ARGUMENT: 'InvalidRequestException',
  TIMED_OUT: 'TimeoutException',
  UNREACHABLE: 'TimeoutException',
  UNSUPPORTED: 'UnsupportedVersionException',
};

/** Errors of the clients and of configurations as the exceptions that Apache's tools would meet; others as they are. */
export function asJavaError(error: unknown): unknown {
  if (error instanceof BrokerError) {
    const [javaClass, text] = brokerErrors[error.code] ?? ['ApiException', error.message];
    return new JavaError(`${ERRORS}.${javaClass}`, error.brokerMessage ?? text);
  }
  if (error instanceof UnsupportedApiError) {
    return new JavaError(`${ERRORS}.UnsupportedVersionException`, unsupportedText(error));
  }
  if (error instanceof KafkaError) {
    return new JavaError(`${ERRORS}.${CLIENT_ERRORS[error.code] ?? 'ApiException'}`, error.message);
  }
  if (error instanceof ConfigError) {
    return new JavaError('org.apache.kafka.common.config.ConfigException', error.message);
  }
  return error;
}

/** As Java's `NodeApiVersions` says it: `The node does not support DESCRIBE_ACLS`. */
function unsupportedText({ api, wanted, served }: UnsupportedApiError): string {
  const name = api.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
  const text = `The node does not support ${name}`;
  if (wanted === undefined || served === undefined) return text;
  const range = ({ min, max }: { readonly min: number; readonly max: number }) => `[${min},${max}]`;
  return `${text} with version in range ${range(wanted)}. The supported range is ${range(served)}.`;
}

/** As {@link asJavaError}, wrapped as Java's futures do when nobody unwraps what they failed with. */
export function asExecutionError(error: unknown): unknown {
  const cause = asJavaError(error);
  if (!(cause instanceof JavaError)) return error;
  return new JavaError('java.util.concurrent.ExecutionException', cause.toJavaString(), { cause });
}
