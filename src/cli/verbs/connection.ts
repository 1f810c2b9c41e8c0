import { Admin } from '../../clients/kafka/admin/admin.ts';
import { parseAdminConfig } from '../../clients/kafka/config/admin-config.ts';
import type { ConfigNote } from '../../clients/kafka/config/client-config.ts';
import type { Env } from '../../env/env.ts';
import { loadProperties } from '../client-settings.ts';
import { CliError } from '../failure.ts';
import type { Output } from './output.ts';
import type { CommonFlags, VerbContext } from './verb.ts';

const DEFAULT_BOOTSTRAP_SERVERS = '127.0.0.1:9092';

/** How to reach a cluster. A flag counts before the environment, that before a file. */
export interface ConnectionFlags extends CommonFlags {
  readonly bootstrapServer?: string;
  readonly commandConfig?: string;
  readonly set?: Readonly<Record<string, string>>;
  readonly timeout?: number;
}

/** The settings of a client under Apache's names, from a file, the environment and flags. */
export function clientProperties(env: Env, flags: ConnectionFlags): Map<string, string> {
  const properties = new Map([['bootstrap.servers', DEFAULT_BOOTSTRAP_SERVERS]]);
  const { commandConfig } = flags;
  if (commandConfig !== undefined) {
    if (env.disk.stat(commandConfig)?.kind !== 'file') {
      throw new CliError(`${commandConfig}: no such file: name a file of client properties`);
    }
    for (const [key, value] of loadProperties(env, commandConfig)) properties.set(key, value);
  }
  const servers = process.env['KAFKA_BOOTSTRAP_SERVERS'];
  if (servers !== undefined && servers !== '') properties.set('bootstrap.servers', servers);
  for (const [key, value] of Object.entries(flags.set ?? {})) properties.set(key, value);
  if (flags.bootstrapServer !== undefined) properties.set('bootstrap.servers', flags.bootstrapServer);
  return properties;
}

/** Tells of settings that are not used, or not as they stand. */
export function tellNotes(output: Output, notes: readonly ConfigNote[]): void {
  for (const { text } of notes) output.warn(text);
}

/** An admin client for the cluster that the flags name. */
export function connectAdmin<Flags extends ConnectionFlags>({
  env,
  flags,
  output,
}: VerbContext<Flags>): Admin {
  const { options, notes } = parseAdminConfig(clientProperties(env, flags));
  tellNotes(output, notes);
  return new Admin(env, {
    ...options,
    ...(flags.timeout === undefined ? {} : { apiTimeoutMs: flags.timeout }),
  });
}
