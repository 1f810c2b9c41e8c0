/**
 * A configuration value that can't be used. `reason` has Apache's wording (ConfigException), since clients
 * see it; `key` and `value` say what was wrong.
 */
export class ConfigError extends Error {
  override name = 'ConfigError';
  /** The offending key; undefined when several keys contradict each other. */
  readonly key: string | undefined;

  constructor(message: string, key?: string) {
    super(message);
    this.key = key;
  }
}

/** The error of one value, with the text that Apache's ConfigException has. */
export function invalidValue(key: string, value: unknown, reason: string): ConfigError {
  return new ConfigError(`Invalid value ${String(value)} for configuration ${key}: ${reason}`, key);
}
