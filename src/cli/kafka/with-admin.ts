import { Admin } from '../../clients/kafka/admin/admin.ts';
import { isKafkaError } from '../../clients/kafka/kafka-error.ts';
import type { Env } from '../../env/env.ts';
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import { adminOptionsFor, type BootstrapFrom } from '../client-settings.ts';
import { JavaError } from '../java-error.ts';
import type { OptionSet } from '../jopt/option-set.ts';
import { asExecutionError } from '../kafka-failure.ts';
import { bootstrapFromZooKeeper } from './zookeeper-bootstrap.ts';

/** Runs an action with an admin client, which is closed when it ends. Throws JavaError and ConfigError. */
export async function withAdmin<T>(
  from: BootstrapFrom,
  action: (admin: Admin, env: Env) => Promise<T>,
  defaults: Readonly<Record<string, string>> = {},
): Promise<T> {
  const env = createNodeEnv({ logLevel: 'silent' });
  const admin = new Admin(env, await adminOptionsFor(env, from, defaults));
  try {
    return await action(admin, env);
  } finally {
    await admin.close();
  }
}

/** `--bootstrap-server` of a tool, or the brokers that are registered at its `--zookeeper`. */
export async function bootstrapServersOf(
  options: OptionSet<'bootstrap-server' | 'zookeeper'>,
): Promise<string> {
  const given = options.text('bootstrap-server');
  if (given !== undefined) return given;
  const env = createNodeEnv({ logLevel: 'silent' });
  return bootstrapFromZooKeeper(env, options.required('zookeeper'));
}

/**
 * The first call of a tool: where no broker can be reached, the error says which call waited for one, as Apache's admin
 * client does.
 */
export async function firstCall<T>(name: string, call: () => PromiseLike<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isKafkaError(error, 'UNREACHABLE') && !isKafkaError(error, 'TIMED_OUT')) throw error;
    const message = `Timed out waiting for a node assignment. Call: ${name}`;
    throw new JavaError('org.apache.kafka.common.errors.TimeoutException', message);
  }
}

/** As {@link firstCall}, for tools that print what Java's future failed with and not why. */
export async function firstFuture<T>(name: string, call: () => PromiseLike<T>): Promise<T> {
  try {
    return await firstCall(name, call);
  } catch (error) {
    throw asExecutionError(error);
  }
}
