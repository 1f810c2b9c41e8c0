import { ApiVersionsRequest, ApiVersionsResponse } from '../../../wire/kafka/messages/18-api-versions.ts';
import {
  UpdateFeaturesRequest,
  UpdateFeaturesResponse,
} from '../../../wire/kafka/messages/57-update-features.ts';
import type { Infer } from '../../../wire/kafka/schema/index.ts';
import type { Target } from '../cluster/cluster.ts';
import { throwIfError } from '../kafka-error.ts';
import { askForVersions } from '../network/api-versions.ts';
import { type AdminCall, keyed, outcomeOf } from './admin-call.ts';
import type { CallOptions } from './call-options.ts';
import type { ItemResults } from './item-results.ts';

const UPGRADE_TYPES = { UPGRADE: 1, SAFE_DOWNGRADE: 2, UNSAFE_DOWNGRADE: 3 } as const;

export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** What a broker serves. */
export interface BrokerApis {
  /** By API key: docs/kafka-wire.md has their names. */
  readonly versions: ReadonlyMap<number, VersionRange>;
  readonly features: FeatureMetadata;
}

export interface FeatureMetadata {
  /** What the broker could do. */
  readonly supported: ReadonlyMap<string, VersionRange>;
  /** What the cluster has agreed upon. */
  readonly finalized: ReadonlyMap<string, VersionRange>;
  /** Undefined where the broker does not know of any agreement. */
  readonly finalizedEpoch: number | undefined;
}

export interface DescribeFeaturesOptions extends CallOptions {
  /** Who is asked. Default: any. */
  readonly brokerId?: number;
}

export interface FeatureUpdate {
  readonly feature: string;
  /** 0 takes it away. */
  readonly maxVersionLevel: number;
  /** Default UPGRADE. */
  readonly upgradeType?: keyof typeof UPGRADE_TYPES;
}

export interface UpdateFeaturesOptions extends CallOptions {
  readonly validateOnly?: boolean;
}

/** @internal */
export function apiVersions(call: AdminCall): ItemResults<number, BrokerApis> {
  return call.toAllBrokers(
    async (brokerId) => {
      const response = await askVersions(call, brokerId);
      return {
        versions: new Map(
          response.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [
            apiKey,
            { min: minVersion, max: maxVersion },
          ]),
        ),
        features: featuresOf(response),
      };
    },
    (byBroker) => byBroker,
  );
}

/** @internal */
export function describeFeatures(
  call: AdminCall,
  { brokerId }: DescribeFeaturesOptions,
): Promise<FeatureMetadata> {
  return call.whole(async () => featuresOf(await askVersions(call, brokerId ?? 'any')));
}

async function askVersions(call: AdminCall, target: Target): Promise<Infer<typeof ApiVersionsResponse>> {
  const response = await call.request(
    target,
    { request: ApiVersionsRequest, response: ApiVersionsResponse },
    askForVersions,
  );
  throwIfError(response.errorCode, 'versions of the broker');
  return response;
}

function featuresOf(response: Infer<typeof ApiVersionsResponse>): FeatureMetadata {
  const { supportedFeatures, finalizedFeatures, finalizedFeaturesEpoch } = response;
  return {
    supported: new Map(
      supportedFeatures.map(({ name, minVersion, maxVersion }) => [
        name,
        { min: minVersion, max: maxVersion },
      ]),
    ),
    finalized: new Map(
      finalizedFeatures.map(({ name, minVersionLevel, maxVersionLevel }) => [
        name,
        { min: minVersionLevel, max: maxVersionLevel },
      ]),
    ),
    finalizedEpoch: finalizedFeaturesEpoch < 0 ? undefined : finalizedFeaturesEpoch,
  };
}

/** @internal */
export function updateFeatures(
  call: AdminCall,
  updates: readonly FeatureUpdate[],
  { validateOnly = false }: UpdateFeaturesOptions,
): ItemResults<string, undefined> {
  return call.toController(
    keyed(updates, ({ feature }) => feature),
    async (target, open) => {
      const { response, version } = await call.ask(
        target,
        { request: UpdateFeaturesRequest, response: UpdateFeaturesResponse },
        (version) => ({
          timeoutMs: call.brokerTimeoutMs,
          featureUpdates: [...open.values()].map(({ feature, maxVersionLevel, upgradeType = 'UPGRADE' }) => ({
            feature,
            maxVersionLevel,
            ...(version === 0
              ? { allowDowngrade: upgradeType !== 'UPGRADE' }
              : { upgradeType: UPGRADE_TYPES[upgradeType] }),
          })),
          ...(validateOnly ? { validateOnly } : {}),
        }),
      );
      throwIfError(response.errorCode, 'features', response.errorMessage);
      // From version 2 on all of them succeed or none.
      if (version >= 2) return new Map([...open.keys()].map((feature) => [feature, undefined]));
      return new Map(
        response.results.map(({ feature, errorCode, errorMessage }) => [
          feature,
          outcomeOf(errorCode, `feature ${feature}`, errorMessage, () => undefined),
        ]),
      );
    },
  );
}
