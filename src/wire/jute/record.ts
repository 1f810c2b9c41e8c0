import { ByteReader } from '../../base/byte-reader.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import type { FieldType } from './types.ts';

/** Fields in wire order. */
export type Fields = Readonly<Record<string, FieldType<unknown>>>;

type ValueOf<F extends Fields> = { [K in keyof F]: F[K] extends FieldType<infer T> ? T : never };

/** The values of a record: `Infer<typeof Stat>`. */
export type Infer<R> = R extends JuteRecord<infer F> ? ValueOf<F> : never;

/** A record of fields: a type itself, so records nest, and a codec for whole buffers. */
export interface JuteRecord<F extends Fields> extends FieldType<ValueOf<F>> {
  readonly fields: F;
  /** Decodes from the front of `bytes`; what follows the record is ignored, as Apache does. */
  decode(bytes: Buffer): ValueOf<F>;
  encode(value: ValueOf<F>): Buffer;
}

/**
 * Defines a record once for both directions. The codec is compiled when it is first used: straight-line code
 * that calls each field's reader gives every value of a record the same hidden class and leaves the engine
 * free to inline, which a loop over field names does not.
 */
export function record<F extends Fields>(name: string, fields: F): JuteRecord<F> {
  let codec: Codec<ValueOf<F>> | undefined;
  const compiled = (): Codec<ValueOf<F>> => {
    codec ??= compile<ValueOf<F>>(fields);
    return codec;
  };
  const minBytes = Object.values(fields).reduce((sum, type) => sum + type.minBytes, 0);
  return {
    name,
    fields,
    minBytes,
    read: (reader) => compiled().read(reader),
    write: (writer, value) => compiled().write(writer, value),
    decode: (bytes) => compiled().read(new ByteReader(bytes)),
    encode(value) {
      const writer = new ByteWriter();
      compiled().write(writer, value);
      return writer.toBuffer();
    },
  };
}

interface Codec<T> {
  read(reader: ByteReader): T;
  write(writer: ByteWriter, value: T): void;
}

/** Field names come from definitions in this source tree only; they are quoted all the same. */
function compile<T>(fields: Fields): Codec<T> {
  const names = Object.keys(fields).map((name) => JSON.stringify(name));
  const types = Object.values(fields);
  const parameters = types.map((_, i) => `t${i}`);
  const reads = names.map((name, i) => `${name}: t${i}.read(reader)`);
  const writes = names.map((name, i) => `t${i}.write(writer, value[${name}]);`);
  const body = `return {
    read(reader) { return { ${reads.join(', ')} }; },
    write(writer, value) { ${writes.join(' ')} },
  };`;
  return new Function(...parameters, body)(...types) as Codec<T>;
}
