import type { ClusterOptions } from '../clients/kafka/cluster/cluster-options.ts';
import { parseAdminConfig } from '../clients/kafka/config/admin-config.ts';
import type { ConfigNote } from '../clients/kafka/config/client-config.ts';
import type { Env } from '../env/env.ts';
import { parsePropertiesFile } from '../storage/properties.ts';
import { JavaError } from './java-error.ts';

/** A properties file as `Utils.loadProps` reads it. Throws {@link JavaError} where there is none. */
export function loadProperties(env: Env, path: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const { key, value } of parsePropertiesFile(readOrThrow(env, path), path)) properties.set(key, value);
  return properties;
}

/** A file's bytes; {@link JavaError} with Java's class and message where it cannot be read. */
export function readOrThrow(env: Env, path: string): Buffer {
  try {
    return env.disk.readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') throw new JavaError('java.nio.file.NoSuchFileException', path);
    if (code === 'EACCES') throw new JavaError('java.nio.file.AccessDeniedException', path);
    throw error;
  }
}

/** Tells on standard error what a configuration gives rise to, as the tools' log4j.properties let it through. */
export function tellNotes(notes: readonly ConfigNote[]): void {
  for (const { level, text } of notes) if (level === 'warn') console.error(`WARN ${text}`);
}

/**
 * How the admin client of a tool connects: to `bootstrapServers`, with the properties of its `--command-config`.
 * `fixed` are properties that the tool sets itself, over those of the file. Throws JavaError and ConfigError.
 */
export function adminOptionsFor(
  env: Env,
  from: { readonly bootstrapServers: string; readonly commandConfig?: string | undefined },
  fixed: Readonly<Record<string, string>> = {},
): ClusterOptions {
  const { bootstrapServers, commandConfig } = from;
  const properties =
    commandConfig === undefined ? new Map<string, string>() : loadProperties(env, commandConfig);
  for (const [key, value] of Object.entries(fixed)) properties.set(key, value);
  properties.set('bootstrap.servers', bootstrapServers);
  const { options, notes } = parseAdminConfig(properties);
  tellNotes(notes);
  return options;
}
