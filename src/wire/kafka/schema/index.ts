/** The language in which Kafka's messages are declared, see docs/kafka-wire.md. */
export { ZERO_UUID } from './defaults.ts';
export {
  array,
  bigint64,
  bool,
  bytes,
  type Field,
  type FieldDrafts,
  type Fields,
  type FieldValues,
  float64,
  int8,
  int16,
  int32,
  int64,
  records,
  string,
  struct,
  type UnknownTag,
  uint16,
  uint32,
  unknownTags,
  uuid,
} from './field.ts';
export { messageJsonText } from './json-text.ts';
export { type Codec, type Draft, type Infer, type Message, message } from './message.ts';
export { UnsupportedVersionError } from './unsupported-version-error.ts';
export { hasVersion, type VersionRange } from './version-range.ts';
