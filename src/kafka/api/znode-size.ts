import { ErrorCode } from '../../wire/kafka/errors.ts';
import { encodeEntityConfig } from '../zk/znodes/entity-config.ts';
import { type ApiError, apiError } from './api-error.ts';

/**
 * ZooKeeper takes no larger request by default (`jute.maxbuffer`, of which a little is for the rest of the request). It
 * answers a larger one by closing the connection, upon which it would be sent again, and so on.
 */
export const MAX_ZNODE_BYTES = 1_000_000;

/** What to answer when a configuration does not fit into its node; null when it does. */
export function configSizeError(configs: ReadonlyMap<string, string>): ApiError | null {
  const bytes = encodeEntityConfig(configs).length;
  if (bytes <= MAX_ZNODE_BYTES) return null;
  return apiError(
    ErrorCode.INVALID_CONFIG,
    `A configuration of ${bytes} bytes does not fit into a znode of ${MAX_ZNODE_BYTES}: make its values shorter.`,
  );
}
