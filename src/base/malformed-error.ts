/**
 * Bytes that do not follow their format. Thrown by readers and codecs for hostile or damaged input;
 * a server answers it by closing the connection (or with the protocol's own error), never by crashing.
 */
export class MalformedError extends Error {
  override name = 'MalformedError';
}
