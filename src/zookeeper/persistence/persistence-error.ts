/**
 * The data directory cannot be used as it is. The message names the file and the remedy; the server must not
 * start, or must stop, because going on could lose what it has acknowledged.
 */
export class PersistenceError extends Error {
  override name = 'PersistenceError';
}

/** What is on disk does not go back to where it was to be cut off. Nothing has been changed. */
export class CannotTruncateError extends PersistenceError {
  override name = 'CannotTruncateError';
}
