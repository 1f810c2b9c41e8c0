import { ByteReader } from '../../../base/byte-reader.ts';
import { MalformedError } from '../../../base/malformed-error.ts';

/**
 * The topics in a consumer's subscription (metadata of protocol type `consumer`). Only the fields of version 0 are
 * read, which begin every version, so that the coordinator does not depend on what assignors add. Undefined when the
 * bytes are something else.
 */
export function subscribedTopics(metadata: Buffer): Set<string> | undefined {
  const reader = new ByteReader(metadata);
  try {
    reader.int16();
    const topics = new Set<string>();
    for (let left = reader.checkCount(reader.int32(), 2); left > 0; left--) {
      topics.add(reader.utf8(reader.int16()));
    }
    const userDataBytes = reader.int32();
    if (userDataBytes >= 0) reader.skip(userDataBytes);
    return topics;
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}
