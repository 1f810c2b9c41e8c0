import type { ByteReader } from '../../base/byte-reader.ts';
import { record } from '../jute/record.ts';
import { ConnectRequest, ConnectResponse } from './protocol.ts';

/**
 * The first frame of a connection, either way. Clients and servers before 3.4 leave out the last field,
 * `readOnly`; a server answers such a client without it.
 */

const { readOnly: requestReadOnly, ...oldRequestFields } = ConnectRequest.fields;
const { readOnly: responseReadOnly, ...oldResponseFields } = ConnectResponse.fields;

export const ConnectRequestWithoutReadOnly = record('proto.ConnectRequest', oldRequestFields);
export const ConnectResponseWithoutReadOnly = record('proto.ConnectResponse', oldResponseFields);

/** A connect record, and whether the peer knows the field `readOnly`. */
export interface Handshake<T> {
  record: T;
  hasReadOnly: boolean;
}

/** Throws MalformedError. */
export function readConnectRequest(reader: ByteReader): Handshake<ConnectRequest> {
  const request = ConnectRequestWithoutReadOnly.read(reader);
  const hasReadOnly = reader.remaining > 0;
  const readOnly = hasReadOnly && requestReadOnly.read(reader);
  return { record: { ...request, readOnly }, hasReadOnly };
}

/** Throws MalformedError. */
export function readConnectResponse(reader: ByteReader): Handshake<ConnectResponse> {
  const response = ConnectResponseWithoutReadOnly.read(reader);
  const hasReadOnly = reader.remaining > 0;
  const readOnly = hasReadOnly && responseReadOnly.read(reader);
  return { record: { ...response, readOnly }, hasReadOnly };
}
