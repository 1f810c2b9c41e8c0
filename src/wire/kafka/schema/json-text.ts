import { isDefault } from './defaults.ts';
import type { Fields, FieldType } from './field.ts';
import type { Message } from './message.ts';
import { inVersions } from './version-range.ts';

/**
 * A decoded message as the JSON of Apache's generated `JsonConverter`s, compact as Jackson writes it: the fields of the
 * version in their order, tagged fields where they differ from their default, bytes in base64. For values of
 * {@link Message.at} and of `wideAt`.
 */
export function messageJsonText(message: Message, version: number, value: unknown): string {
  return structJson(message.fields, version, value as Readonly<Record<string, unknown>>);
}

function structJson(fields: Fields, version: number, value: Readonly<Record<string, unknown>>): string {
  const members: string[] = [];
  for (const [name, field] of Object.entries(fields)) {
    if (!inVersions(field.versions, version)) continue;
    if (field.options.tag !== undefined && isDefault(field, value[name])) continue;
    members.push(`"${name}":${valueJson(field.type, version, value[name])}`);
  }
  return `{${members.join(',')}}`;
}

function valueJson(type: FieldType, version: number, value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'bigint') return value.toString();
  if (Buffer.isBuffer(value)) return `"${value.toString('base64')}"`;
  if (typeof type === 'string') return jsonString(value);
  if (type.kind === 'struct') return structJson(type.fields, version, value as Record<string, unknown>);
  const { of } = type;
  return `[${(value as unknown[]).map((element) => valueJson(of, version, element)).join(',')}]`;
}

/** Jackson escapes control characters with upper-case digits. */
function jsonString(value: unknown): string {
  const text = JSON.stringify(value);
  return typeof value !== 'string'
    ? text
    : text.replace(/\\(?:u([0-9a-f]{4})|.)/g, (all, digits?: string) =>
        digits === undefined || digits.startsWith('d') ? all : `\\u${digits.toUpperCase()}`,
      );
}
