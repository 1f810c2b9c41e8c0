import { ErrorCode } from '../../wire/kafka/errors.ts';
import { ApiVersionsRequest, ApiVersionsResponse } from '../../wire/kafka/messages/18-api-versions.ts';
import type { Draft } from '../../wire/kafka/schema/index.ts';
import type { FinalizedFeatures } from './finalized-features.ts';
import { type Handler, handler } from './handler.ts';

/** What the table of handlers tells about itself. */
export interface ServedVersions {
  versions(): Iterable<{ apiKey: number; minVersion: number; maxVersion: number }>;
}

const MAX_VERSION = 4;
/** No feature of ZooKeeper mode begins above it. */
const MIN_LEVEL = 1;
/** Names of client software and their versions, as KIP-511 allows them. */
const SOFTWARE_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

/** ApiVersions: answered from the table of handlers. */
export function apiVersionsHandler(served: ServedVersions, features: () => FinalizedFeatures): Handler {
  return handler({
    request: ApiVersionsRequest,
    response: ApiVersionsResponse,
    versions: [0, MAX_VERSION],
    handle(request, { apiVersion, connection }) {
      const { clientSoftwareName: name, clientSoftwareVersion: version } = request;
      if (apiVersion >= 3) {
        if (!SOFTWARE_NAME.test(name) || !SOFTWARE_NAME.test(version)) {
          return { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] };
        }
        connection.clientSoftware = { name, version };
      }
      const { epoch, levels } = features();
      return {
        errorCode: ErrorCode.NONE,
        apiKeys: [...served.versions()],
        finalizedFeaturesEpoch: epoch,
        finalizedFeatures: Array.from(levels, ([feature, level]) => ({
          name: feature,
          minVersionLevel: MIN_LEVEL,
          maxVersionLevel: level,
        })),
      };
    },
  });
}

/**
 * The answer to a version that is not served. It goes out in the version 0 format and lists this API alone, so
 * that any client can read it and try again (KIP-511).
 */
export function unsupportedApiVersions(): Draft<typeof ApiVersionsResponse> {
  return {
    errorCode: ErrorCode.UNSUPPORTED_VERSION,
    apiKeys: [{ apiKey: ApiVersionsRequest.key ?? 0, minVersion: 0, maxVersion: MAX_VERSION }],
  };
}
