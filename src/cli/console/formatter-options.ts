import type { Env } from '../../env/env.ts';
import { loadProperties } from '../client-settings.ts';
import { JavaError } from '../java-error.ts';
import { keyValueArgs } from '../key-value-args.ts';
import { logLine } from '../log-line.ts';
import type { ToolExit } from '../tool.ts';
import { createFormatter } from './formatters/formatters.ts';
import type { MessageFormatter } from './formatters/message-formatter.ts';

/** What the options of a console say about how records are shown. */
export interface FormatterChoice {
  readonly className: string;
  /** A file of properties, under those of `properties`. */
  readonly configFile: string | undefined;
  /** Of `--property`, as `key=value`. */
  readonly properties: readonly string[];
  readonly keyDeserializer: string | undefined;
  readonly valueDeserializer: string | undefined;
}

/** The formatter that the options name; one that cannot be made ends the tool with its usage. */
export function chosenFormatter(
  env: Env,
  choice: FormatterChoice,
  usage: (message: string) => ToolExit,
): MessageFormatter {
  const { className, configFile, keyDeserializer = '', valueDeserializer = '' } = choice;
  try {
    const properties = configFile === undefined ? new Map<string, string>() : loadProperties(env, configFile);
    if (keyDeserializer !== '') properties.set('key.deserializer', keyDeserializer);
    if (valueDeserializer !== '') properties.set('value.deserializer', valueDeserializer);
    for (const [key, value] of keyValueArgs(choice.properties)) properties.set(key, value);
    return createFormatter(className, properties, {
      warn: (text) => console.error(text),
      complain: (message, cause) => {
        logLine('ERROR', message, 'org.apache.kafka.tools.consumer.DefaultMessageFormatter');
        console.error(cause instanceof JavaError ? cause.toTrace() : String(cause));
      },
    });
  } catch (error) {
    if (error instanceof JavaError) throw usage(error.message);
    throw error;
  }
}
