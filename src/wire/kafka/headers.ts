/** What precedes the body of every request and response. */
import type { ByteReader } from '../../base/byte-reader.ts';
import { type Api, apis } from './apis.ts';
import { type Infer, int16, int32, message, string } from './schema/index.ts';

/** Version 2 is flexible, but its client id keeps the old length so that any server can read it. */
export const RequestHeader = message(
  'RequestHeader',
  { kind: 'header', versions: '0-2', flexible: '2+' },
  {
    requestApiKey: int16('0+'),
    requestApiVersion: int16('0+'),
    correlationId: int32('0+'),
    clientId: string('1+', { nullable: '1+', ignorable: true, compact: false }),
  },
);

export const ResponseHeader = message(
  'ResponseHeader',
  { kind: 'header', versions: '0-1', flexible: '1+' },
  {
    correlationId: int32('0+'),
  },
);

export type RequestHeader = Infer<typeof RequestHeader>;

export interface RequestStart {
  readonly header: RequestHeader;
  /** Undefined when the key is unknown: the rest of the request can't be read. */
  readonly api: Api | undefined;
}

/**
 * Reads the header of a request and leaves the reader at its body.
 *
 * An unknown key, and a version that the schema does not know, still give key, version and correlation id, so
 * that a server can answer ApiVersions of any version (KIP-511) and name what it refuses.
 */
export function readRequestHeader(reader: ByteReader): RequestStart {
  const start = reader.offset;
  const api = apis.get(reader.int16());
  const version = reader.int16();
  reader.offset = start;
  const headerVersion = api === undefined ? 1 : api.requestHeaderVersion(version);
  return { header: RequestHeader.at(headerVersion).read(reader), api };
}
