/** Types of one value on the wire and what they are in memory. */
interface ScalarValues {
  int8: number;
  int16: number;
  uint16: number;
  int32: number;
  uint32: number;
  /** Offsets, timestamps, epochs: a safe integer, anything beyond 2^53 is malformed. */
  int64: number;
  /** Values that use all 64 bits: producer ids. */
  bigint64: bigint;
  float64: number;
  bool: boolean;
  string: string;
  /** Copied on decode, so that keeping it does not keep the request. */
  bytes: Buffer;
  /** Record batches: a view of the source on decode, passed on by reference on encode. */
  records: Buffer;
  /** 22 characters of base64url. */
  uuid: string;
}

/** What an encoder takes where it is wider than what a decoder gives. */
type ScalarDrafts = Omit<ScalarValues, 'records'> & { records: Buffer | readonly Buffer[] };

export type ScalarType = keyof ScalarValues;

export interface ArrayType {
  readonly kind: 'array';
  readonly of: ScalarType | StructType;
}

export interface StructType {
  readonly kind: 'struct';
  readonly fields: Fields;
}

export type FieldType = ScalarType | ArrayType | StructType;

/** A tagged field whose tag this schema does not know; kept so that it survives a decode and encode. */
export interface UnknownTag {
  readonly tag: number;
  readonly data: Buffer;
}

/** Key under which a decoded struct carries its unknown tagged fields, when it has any. */
export const unknownTags: unique symbol = Symbol('unknownTags');

interface WithUnknownTags {
  [unknownTags]?: readonly UnknownTag[];
}

export interface FieldOptions<T = unknown> {
  /** Versions in which the value may be null. */
  readonly nullable?: string;
  /** Makes it a tagged field with this tag, in all versions that have the field. */
  readonly tag?: number;
  /** Value in versions without the field, and when a draft leaves it out. */
  readonly default?: T | null;
  /** A version without the field may drop its value; otherwise only the default value can be dropped. */
  readonly ignorable?: boolean;
  /** False keeps the old length encoding in flexible versions too. */
  readonly compact?: false;
  /** An int64 beyond 2^53 is read as the nearest safe integer instead of being refused. */
  readonly saturate?: true;
}

/** One field of a struct. `phantom` only carries types; it never has a value. */
export interface Field<Value = unknown, Draft = unknown, Versions = string, Optional = boolean> {
  readonly type: FieldType;
  readonly versions: Versions;
  readonly options: FieldOptions;
  readonly phantom?: { readonly value: Value; readonly draft: Draft; readonly optional: Optional };
}

/** Fields of a struct in wire order. */
export type Fields = { readonly [name: string]: Field };

type Phantom<F extends Field> = NonNullable<F['phantom']>;

/** What decoding gives: every field is there, with its default in versions that lack it. */
export type FieldValues<F extends Fields> = {
  -readonly [K in keyof F]: Phantom<F[K]>['value'];
} & WithUnknownTags;

type RequiredKeys<F extends Fields, Since> = {
  [K in keyof F]: Phantom<F[K]>['optional'] extends true ? never : F[K]['versions'] extends Since ? K : never;
}[keyof F];

/**
 * What encoding takes: a field may be left out when it has a default or a tag, or when some versions of its
 * struct lack it. `Since` are the version ranges that cover the whole struct.
 */
export type FieldDrafts<F extends Fields, Since = '0+'> = {
  readonly [K in RequiredKeys<F, Since>]: Phantom<F[K]>['draft'];
} & {
  readonly [K in Exclude<keyof F, RequiredKeys<F, Since>>]?: Phantom<F[K]>['draft'] | undefined;
} & Readonly<WithUnknownTags>;

type NoOptions = Record<never, never>;
type OrNull<T, O> = O extends { readonly nullable: string } ? T | null : T;
type IsOptional<O> = O extends { readonly default: unknown } | { readonly tag: number } ? true : false;
type FieldOf<T, D, V, O> = Field<OrNull<T, O>, OrNull<D, O>, V, IsOptional<O>>;
type ScalarField<S extends ScalarType, V, O> = FieldOf<ScalarValues[S], ScalarDrafts[S], V, O>;

function scalar<S extends ScalarType>(type: S) {
  return <V extends string, const O extends FieldOptions<ScalarValues[S]> = NoOptions>(
    versions: V,
    options?: O,
  ): ScalarField<S, V, O> => ({ type, versions, options: options ?? {} });
}

export const int8 = scalar('int8');
export const int16 = scalar('int16');
export const uint16 = scalar('uint16');
export const int32 = scalar('int32');
export const uint32 = scalar('uint32');
export const int64 = scalar('int64');
export const bigint64 = scalar('bigint64');
export const float64 = scalar('float64');
export const bool = scalar('bool');
export const string = scalar('string');
export const bytes = scalar('bytes');
export const records = scalar('records');
export const uuid = scalar('uuid');

type ElementValue<E> = E extends ScalarType ? ScalarValues[E] : E extends Fields ? FieldValues<E> : never;
type ElementDraft<E, V> = E extends ScalarType
  ? ScalarDrafts[E]
  : E extends Fields
    ? FieldDrafts<E, V | '0+'>
    : never;

/** A list of scalars, or of structs given by their fields. */
export function array<
  const V extends string,
  const E extends ScalarType | Fields,
  const O extends FieldOptions<readonly never[]> = NoOptions,
>(versions: V, element: E, options?: O): FieldOf<ElementValue<E>[], readonly ElementDraft<E, V>[], V, O> {
  const of: ScalarType | StructType = isScalar(element) ? element : structType(element);
  return { type: { kind: 'array', of }, versions, options: options ?? {} };
}

function isScalar(element: ScalarType | Fields): element is ScalarType {
  return typeof element === 'string';
}

/** A nested struct. */
export function struct<
  const V extends string,
  const F extends Fields,
  const O extends FieldOptions<null> = NoOptions,
>(versions: V, fields: F, options?: O): FieldOf<FieldValues<F>, FieldDrafts<F, V | '0+'>, V, O> {
  return { type: structType(fields), versions, options: options ?? {} };
}

function structType(fields: Fields): StructType {
  return { kind: 'struct', fields };
}
