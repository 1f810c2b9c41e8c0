const SOURCES = [
  'UNKNOWN',
  'DYNAMIC_TOPIC_CONFIG',
  'DYNAMIC_BROKER_CONFIG',
  'DYNAMIC_DEFAULT_BROKER_CONFIG',
  'STATIC_BROKER_CONFIG',
  'DEFAULT_CONFIG',
  'DYNAMIC_BROKER_LOGGER_CONFIG',
  'DYNAMIC_CLIENT_METRICS_CONFIG',
  'DYNAMIC_GROUP_CONFIG',
] as const;

const TYPES = [
  'UNKNOWN',
  'BOOLEAN',
  'STRING',
  'INT',
  'SHORT',
  'LONG',
  'DOUBLE',
  'LIST',
  'CLASS',
  'PASSWORD',
] as const;

/** Where a value stands. */
export type ConfigSource = (typeof SOURCES)[number];
export type ConfigType = (typeof TYPES)[number];

export interface ConfigSynonym {
  readonly name: string;
  readonly value: string | null;
  readonly source: ConfigSource;
}

export interface ConfigEntry {
  readonly name: string;
  /** Null for what is sensitive, and for what has no value. */
  readonly value: string | null;
  readonly source: ConfigSource;
  readonly isDefault: boolean;
  readonly isSensitive: boolean;
  readonly isReadOnly: boolean;
  /** What would count in the place of the value and behind it, itself first; empty unless it was asked for. */
  readonly synonyms: readonly ConfigSynonym[];
  /** UNKNOWN from brokers before 2.6. */
  readonly type: ConfigType;
  /** Null unless it was asked for. */
  readonly documentation: string | null;
}

interface EntryAnswer {
  readonly name: string;
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly isDefault: boolean;
  readonly configSource: number;
  readonly isSensitive: boolean;
  readonly synonyms?: readonly { name: string; value: string | null; source: number }[];
  readonly configType?: number;
  readonly documentation?: string | null;
}

/** @internal */
export function configEntry(answer: EntryAnswer): ConfigEntry {
  // Version 0 tells only whether it is the default.
  const source = answer.isDefault ? 'DEFAULT_CONFIG' : sourceOf(answer.configSource);
  return {
    name: answer.name,
    value: answer.value,
    source,
    isDefault: source === 'DEFAULT_CONFIG',
    isSensitive: answer.isSensitive,
    isReadOnly: answer.readOnly,
    synonyms: (answer.synonyms ?? []).map(({ name, value, source }) => ({
      name,
      value,
      source: sourceOf(source),
    })),
    type: TYPES[answer.configType ?? 0] ?? 'UNKNOWN',
    documentation: answer.documentation ?? null,
  };
}

function sourceOf(code: number): ConfigSource {
  return SOURCES[code] ?? 'UNKNOWN';
}
