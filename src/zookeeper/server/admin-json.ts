/** What the AdminServer's answers are made of; longs are bigints. */
export type AdminValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly AdminValue[]
  | { readonly [name: string]: AdminValue };

/** A number that Java has as a double: 3 is printed as 3.0. */
export class JavaDouble {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

type Printable = AdminValue | JavaDouble | readonly Printable[] | { readonly [name: string]: Printable };
export type AdminRecord = Readonly<Record<string, Printable>>;

/** JSON as Jackson's default pretty printer lays it out. */
export function adminJson(value: Printable, indent = ''): string {
  if (value instanceof JavaDouble)
    return Number.isInteger(value.value) ? `${value.value}.0` : `${value.value}`;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) {
    return value.length === 0 ? '[ ]' : `[ ${value.map((each) => adminJson(each, indent)).join(', ')} ]`;
  }
  const inner = `${indent}  `;
  const fields = Object.entries(value).map(
    ([name, each]) => `${inner}${JSON.stringify(name)} : ${adminJson(each, inner)}`,
  );
  return fields.length === 0 ? '{ }' : `{\n${fields.join(',\n')}\n${indent}}`;
}

function isList(value: object): value is readonly Printable[] {
  return Array.isArray(value);
}
