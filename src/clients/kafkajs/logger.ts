import type { Clock } from '../../env/clock.ts';
import { logLevel } from './constants.ts';
import type { Logger, logCreator } from './types/common.ts';

/** A logger whose entries go to what `create` gives. A level set on it holds for all its namespaces but those with their own. */
export function createLogger(clock: Clock, level: logLevel, create: logCreator): Logger {
  const write = create(level);
  const common = { level };

  function loggerOf(namespace: string | undefined, own: logLevel | undefined): Logger {
    const at =
      (label: string, entryLevel: logLevel) =>
      (message: string, extra: object = {}) => {
        if (entryLevel > (own ?? common.level)) return;
        const timestamp = new Date(clock.nowMs()).toISOString();
        write({
          namespace: namespace as string,
          level: entryLevel,
          label,
          log: { timestamp, logger: 'kafkajs', message, ...extra },
        });
      };
    return {
      info: at('INFO', logLevel.INFO),
      error: at('ERROR', logLevel.ERROR),
      warn: at('WARN', logLevel.WARN),
      debug: at('DEBUG', logLevel.DEBUG),
      namespace: (name, namespaceLevel) => loggerOf(name, namespaceLevel),
      setLogLevel: (newLevel) => {
        common.level = newLevel;
      },
    };
  }

  return loggerOf(undefined, undefined);
}

/** Where lines of JSON go, by their level. */
export interface LineSink {
  error(line: string): void;
  warn(line: string): void;
  info(line: string): void;
  debug(line: string): void;
}

/** Writes entries as kafkajs does by default: one line of JSON each. */
export function jsonLines(sink: LineSink): logCreator {
  const writers = new Map<logLevel, (line: string) => void>([
    [logLevel.ERROR, sink.error],
    [logLevel.WARN, sink.warn],
    [logLevel.INFO, sink.info],
    [logLevel.DEBUG, sink.debug],
  ]);
  return () =>
    ({ namespace, level, label, log }) => {
      const message = `${namespace ? `[${namespace}] ` : ''}${log.message}`;
      writers.get(level)?.(JSON.stringify({ level: label, ...log, message }));
    };
}
