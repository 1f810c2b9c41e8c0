import { destination, type Logger, pino, stdTimeFunctions } from 'pino';
import type { Log, LogFields, LogLevel } from '../log.ts';

export interface NodeLogOptions {
  /** The least severe level that is written; `silent` writes nothing. Default `info`. */
  level?: LogLevel | 'silent';
  /** A file to append to; standard error when absent. */
  destination?: string;
}

class PinoLog implements Log {
  private readonly logger: Logger;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  trace(text: string, fields: LogFields = {}): void {
    this.logger.trace(fields, text);
  }

  debug(text: string, fields: LogFields = {}): void {
    this.logger.debug(fields, text);
  }

  info(text: string, fields: LogFields = {}): void {
    this.logger.info(fields, text);
  }

  warn(text: string, fields: LogFields = {}): void {
    this.logger.warn(fields, text);
  }

  error(text: string, fields: LogFields = {}): void {
    this.logger.error(fields, text);
  }

  child(fields: LogFields): Log {
    return new PinoLog(this.logger.child(fields));
  }

  isEnabled(level: LogLevel): boolean {
    return this.logger.isLevelEnabled(level);
  }
}

/** One JSON object a line, without colour codes; an Error under `error` is written with its stack. */
export function createNodeLog(options: NodeLogOptions = {}): Log {
  // Written at once: the lines before a crash are the ones that matter.
  const stream = destination({ dest: options.destination ?? 2, sync: true, mkdir: true });
  const settings = {
    level: options.level ?? 'info',
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    errorKey: 'error',
    messageKey: 'text',
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return new PinoLog(pino(settings, stream));
}
