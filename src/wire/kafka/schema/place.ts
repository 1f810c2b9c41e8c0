import type { Field } from './field.ts';
import { inVersions } from './version-range.ts';

/** Where in which message and version a codec is being compiled. */
export interface Place {
  /** Message, version and field names, for error texts. */
  readonly path: string;
  readonly version: number;
  /** Compact lengths and tagged fields. */
  readonly flexible: boolean;
  /** int64 beyond 2^53 as bigint. */
  readonly wide: boolean;
}

/** What a field is in one version. */
export interface FieldState {
  readonly present: boolean;
  readonly nullable: boolean;
  /** Undefined for a field in the ordinary sequence. */
  readonly tag: number | undefined;
  readonly place: Place;
}

export function fieldState(name: string, field: Field, outer: Place): FieldState {
  const { nullable, tag, compact } = field.options;
  return {
    present: inVersions(field.versions, outer.version),
    nullable: nullable !== undefined && inVersions(nullable, outer.version),
    tag,
    place: {
      ...outer,
      path: `${outer.path} ${name}`,
      flexible: outer.flexible && compact !== false,
    },
  };
}
