import { strict as assert } from 'node:assert';
import { type Field, type Fields, hasVersion, type Message } from '../../src/wire/kafka/schema/index.ts';
import { parseVersionRange } from '../../src/wire/kafka/schema/version-range.ts';
import type { GoldenCheck } from './check.ts';
import { type Located, locate } from './message-catalog.ts';

interface FieldSpec {
  readonly name: string;
  readonly type: string;
  readonly versions?: string;
  readonly nullableVersions?: string;
  readonly taggedVersions?: string;
  readonly tag?: number | string;
  readonly default?: string | number | boolean | null;
  readonly ignorable?: boolean;
  readonly flexibleVersions?: string;
  readonly fields?: readonly FieldSpec[];
}

interface MessageSpec {
  readonly apiKey?: number;
  readonly type: string;
  readonly validVersions: string;
  readonly flexibleVersions?: string;
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly FieldSpec[] }[];
  readonly fields?: readonly FieldSpec[];
}

/**
 * Fields that 4.1 added to versions that 3.9 has already. As tagged fields they are compatible, and the schema
 * has them.
 */
const taggedLater: ReadonlyMap<string, readonly string[]> = new Map([
  ['ConsumerGroupMetadataValue', ['metadataHash']],
  ['OffsetCommitValue', ['topicId']],
  ['RemoteLogSegmentMetadataRecord', ['txnIndexEmpty']],
  ['RemoteLogSegmentMetadataSnapshotRecord', ['txnIndexEmpty']],
  [
    'TransactionLogValue',
    ['previousProducerId', 'nextProducerId', 'nextProducerEpoch', 'clientTransactionVersion'],
  ],
]);

/**
 * Fields that 4.1 put into unstable versions of 3.9's early access of share groups. The bytes can't be told
 * apart; the schema follows 3.9.
 */
const changedInPlace: ReadonlyMap<string, readonly string[]> = new Map([
  ['ReadShareGroupStateSummaryResponse', ['leaderEpoch']],
  ['ShareGroupMetadataValue', ['metadataHash']],
]);

/**
 * Field facts of a message at one version, as the wire shows them: order, names, types, nullability, tags,
 * defaults. Two releases may write the same facts down differently, so versions are compared one by one.
 */
interface FieldFacts {
  readonly name: string;
  readonly type: unknown;
  readonly nullable: boolean;
  readonly tag: number | undefined;
  readonly default: unknown;
  readonly compact: boolean;
}

/** The specification facts of Apache's messages. */
export const kafkaSpecs: GoldenCheck = {
  name: 'Kafka message specifications',
  matches: (path) => /^kafka\/specs\/[^/]*\.json$/.test(path),
  *cases(file) {
    for (const [name, spec] of Object.entries(file.json<Record<string, MessageSpec>>())) {
      for (const version of versionsOf(spec.validVersions)) {
        yield { label: `${name} v${version}`, run: () => checkVersion(name, spec, version) };
      }
    }
  },
};

function versionsOf(range: string): number[] {
  const { min, max } = parseVersionRange(range);
  return Array.from({ length: Math.max(0, max - min + 1) }, (_, i) => min + i);
}

function checkVersion(name: string, spec: MessageSpec, version: number): void {
  const located = locate(name, version, spec.apiKey);
  const { message } = located;
  if (spec.type === 'request' || spec.type === 'response' || spec.type.startsWith('coordinator')) {
    assert.equal(message.key, spec.apiKey, 'key');
    assert.equal(message.kind, spec.type, 'kind');
  }
  assert(hasVersion(message.versions, located.version), 'valid version');
  assert.equal(
    hasVersion(message.flexible, located.version),
    hasVersion(parseVersionRange(spec.flexibleVersions ?? 'none'), version),
    'flexible',
  );
  const commons = new Map(spec.commonStructs?.map((common) => [common.name, common.fields]));
  const expected = specFacts(spec.fields ?? [], version, { commons, located });
  const later = (taggedLater.get(message.name) ?? []).filter(
    (field) => !expected.some(({ name }) => name === field),
  );
  const actual = schemaFacts(message.fields, located.version);
  assert.deepEqual(
    actual.filter((fact) => fact.tag === undefined || !later.includes(fact.name)),
    expected,
  );
  checkIgnorable(message, spec, version, { commons, located });
}

interface Context {
  readonly commons: ReadonlyMap<string, readonly FieldSpec[]>;
  readonly located: Located;
}

function specFacts(specs: readonly FieldSpec[], version: number, context: Context): FieldFacts[] {
  const unwanted = changedInPlace.get(context.located.message.name) ?? [];
  return specs
    .filter((spec) => hasField(spec, version))
    .map((spec) => specFact(spec, version, context))
    .filter((fact) => !unwanted.includes(fact.name));
}

function hasField(spec: FieldSpec, version: number): boolean {
  return hasVersion(parseVersionRange(spec.versions ?? spec.taggedVersions ?? 'none'), version);
}

function specFact(spec: FieldSpec, version: number, context: Context): FieldFacts {
  const tagged = hasVersion(parseVersionRange(spec.taggedVersions ?? 'none'), version);
  return {
    name: schemaName(spec.name, context),
    type: specType(spec, version, context),
    nullable: hasVersion(parseVersionRange(spec.nullableVersions ?? 'none'), version),
    tag: tagged ? Number(spec.tag) : undefined,
    default: specDefault(spec),
    compact: spec.flexibleVersions !== 'none',
  };
}

function schemaName(name: string, { located }: Context): string {
  return located.fieldName(name.charAt(0).toLowerCase() + name.slice(1));
}

function specType(spec: FieldSpec, version: number, context: Context): unknown {
  const element = spec.type.replace(/^\[\]/, '');
  const isStruct = /^[A-Z]/.test(element);
  const fields = isStruct ? (spec.fields ?? context.commons.get(element)) : undefined;
  assert(!isStruct || fields !== undefined, `the specification lacks struct ${element}`);
  const facts = fields === undefined ? element : specFacts(fields, version, context);
  return spec.type.startsWith('[]') ? { array: facts } : facts;
}

function specDefault({ type, default: value }: FieldSpec): unknown {
  // Apache's generator takes a JSON null for no default at all.
  if (value === undefined || value === null) return undefined;
  if (value === 'null') return null;
  if (type === 'string') return value;
  if (type === 'bool') return String(value) === 'true';
  return BigInt(value);
}

function schemaFacts(fields: Fields, version: number): FieldFacts[] {
  return Object.entries(fields)
    .filter(([, field]) => hasVersion(parseVersionRange(field.versions), version))
    .map(([name, field]) => schemaFact(name, field, version));
}

function schemaFact(name: string, field: Field, version: number): FieldFacts {
  const { nullable, tag, compact } = field.options;
  const value = field.options.default;
  return {
    name,
    type: schemaType(field.type, version),
    nullable: nullable !== undefined && hasVersion(parseVersionRange(nullable), version),
    tag,
    default: typeof value === 'number' ? BigInt(value) : value,
    compact: compact !== false,
  };
}

function schemaType(type: Field['type'], version: number): unknown {
  if (type === 'bigint64') return 'int64';
  if (typeof type === 'string') return type;
  if (type.kind === 'array') return { array: schemaType(type.of, version) };
  return schemaFacts(type.fields, version);
}

/** A field that this version lacks must be as droppable as the specification says. */
function checkIgnorable(message: Message, spec: MessageSpec, version: number, context: Context): void {
  const ignorable = new Map<string, boolean>();
  collectAbsent(spec.fields ?? [], version, context, '', ignorable);
  if (message.kind === 'coordinator-key') return;
  for (const [path, expected] of ignorable) {
    const field = fieldAt(message.fields, path);
    assert.equal(field?.options.ignorable ?? false, expected, `${path} ignorable`);
  }
}

function collectAbsent(
  specs: readonly FieldSpec[],
  version: number,
  context: Context,
  prefix: string,
  found: Map<string, boolean>,
): void {
  for (const spec of specs) {
    const path = `${prefix}${schemaName(spec.name, context)}`;
    if (!hasField(spec, version)) {
      found.set(path, spec.ignorable ?? false);
      continue;
    }
    const inner = spec.fields ?? context.commons.get(spec.type.replace(/^\[\]/, '')) ?? [];
    collectAbsent(inner, version, context, `${path}.`, found);
  }
}

function fieldAt(fields: Fields, path: string): Field | undefined {
  const [name = '', ...rest] = path.split('.');
  const field = fields[name];
  if (rest.length === 0 || field === undefined) return field;
  const type = typeof field.type === 'object' && field.type.kind === 'array' ? field.type.of : field.type;
  return typeof type === 'object' && type.kind === 'struct'
    ? fieldAt(type.fields, rest.join('.'))
    : undefined;
}
