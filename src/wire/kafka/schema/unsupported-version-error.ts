/**
 * A message can't be written in the version asked for: the version is unknown, or a field that the version
 * lacks carries a value that must not be dropped (Kafka's UnsupportedVersionException).
 */
export class UnsupportedVersionError extends Error {
  override name = 'UnsupportedVersionError';
}
