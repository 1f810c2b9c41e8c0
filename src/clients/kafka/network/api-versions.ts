import { ErrorCode, errorOf } from '../../../wire/kafka/errors.ts';
import type {
  ApiVersionsRequest,
  ApiVersionsResponse,
} from '../../../wire/kafka/messages/18-api-versions.ts';
import type { Draft, Infer, Message } from '../../../wire/kafka/schema/index.ts';
import { NetworkError, UnsupportedApiError } from './network-error.ts';

/** The version of this package, which brokers are told (KIP-511). */
export const SOFTWARE_VERSION = '0.1.0';

/** What a broker is asked with for the versions that it serves. */
export function askForVersions(version: number): Draft<typeof ApiVersionsRequest> {
  return version >= 3 ? { clientSoftwareName: 'streamkeeper', clientSoftwareVersion: SOFTWARE_VERSION } : {};
}

interface Range {
  readonly min: number;
  readonly max: number;
}

/** The versions of each API that a broker serves, as it told. */
export class BrokerApiVersions {
  private readonly ranges: ReadonlyMap<number, Range>;
  /** Levels of the cluster's features (KIP-584), as of {@link featuresEpoch}; none of a broker with ZooKeeper. */
  readonly features: ReadonlyMap<string, number>;
  /** -1 where the broker does not tell. */
  readonly featuresEpoch: number;

  constructor(response: Infer<typeof ApiVersionsResponse>) {
    this.ranges = new Map(
      response.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [
        apiKey,
        { min: minVersion, max: maxVersion },
      ]),
    );
    this.features = new Map(
      response.finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel]),
    );
    this.featuresEpoch = response.finalizedFeaturesEpoch;
  }

  serves(request: Message, version: number): boolean {
    const range = this.ranges.get(request.key ?? -1);
    return range !== undefined && range.min <= version && version <= range.max;
  }

  /**
   * The highest version that the broker and our schema (or the narrower `ours`) have in common. Throws a
   * {@link NetworkError} of kind `unsupported` when there is none.
   */
  highest(request: Message, ours: Range = request.versions): number {
    const theirs = this.ranges.get(request.key ?? -1);
    if (theirs === undefined)
      throw new UnsupportedApiError(request.name, `the broker does not serve ${request.name}`);
    const version = Math.min(ours.max, theirs.max);
    if (version >= Math.max(ours.min, theirs.min)) return version;
    throw new UnsupportedApiError(
      request.name,
      `the broker serves ${request.name} in versions ${theirs.min} to ${theirs.max}, not in ${ours.min} to ${ours.max}`,
      { wanted: ours, served: theirs },
    );
  }
}

/** The version to ask with again when the broker does not know ours (KIP-511); undefined when it cannot be asked. */
export function versionToRetry(
  response: Infer<typeof ApiVersionsResponse>,
  request: Message,
  asked: number,
): number | undefined {
  if (response.errorCode !== ErrorCode.UNSUPPORTED_VERSION) return undefined;
  const listed = response.apiKeys.find(({ apiKey }) => apiKey === request.key);
  // Brokers before 2.4 list nothing, they all know version 0.
  const version = listed === undefined ? 0 : listed.maxVersion;
  return version >= request.versions.min && version < asked ? version : undefined;
}

export function versionsIn(response: Infer<typeof ApiVersionsResponse>): BrokerApiVersions {
  const error = errorOf(response.errorCode);
  if (error.code === ErrorCode.NONE) return new BrokerApiVersions(response);
  throw new NetworkError('unsupported', `the broker does not tell its versions: ${error.name}`);
}
