export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Details of a log line: small, flat, and never a secret. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log lines, one call a line: text first, details after. */
export interface Log {
  trace(text: string, fields?: LogFields): void;
  debug(text: string, fields?: LogFields): void;
  info(text: string, fields?: LogFields): void;
  warn(text: string, fields?: LogFields): void;
  error(text: string, fields?: LogFields): void;
  /** A log whose lines all carry `fields`. */
  child(fields: LogFields): Log;
  isEnabled(level: LogLevel): boolean;
}
