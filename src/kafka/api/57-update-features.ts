import { ErrorCode } from '../../wire/kafka/errors.ts';
import {
  UpdateFeaturesRequest,
  UpdateFeaturesResponse,
} from '../../wire/kafka/messages/57-update-features.ts';
import type { Controller } from '../controller/controller.ts';
import type { FeatureChange } from '../controller/feature-updates.ts';
import { apiError, noError } from './api-error.ts';
import { type Handler, handler } from './handler.ts';

export interface UpdateFeaturesParts {
  readonly controller: Pick<Controller, 'updateFeatures' | 'isActive'>;
  /** Whether `inter.broker.protocol.version` has finalized features at all. */
  readonly isFeatureVersioningSupported: () => boolean;
}

/** `FeatureUpdate.UpgradeType` by its code. */
const changes: readonly FeatureChange[] = ['unknown', 'upgrade', 'safeDowngrade', 'unsafeDowngrade'];

/** UpdateFeatures: changes finalized features (KIP-584). */
export function updateFeaturesHandler(parts: UpdateFeaturesParts): Handler {
  return handler({
    request: UpdateFeaturesRequest,
    response: UpdateFeaturesResponse,
    versions: [0, 1],
    async handle({ featureUpdates }, { apiVersion }) {
      const updates = featureUpdates.map(
        ({ feature, maxVersionLevel, allowDowngrade, upgradeType }) =>
          ({
            feature,
            level: maxVersionLevel,
            change:
              apiVersion > 0
                ? (changes[upgradeType] ?? 'unknown')
                : allowDowngrade
                  ? 'safeDowngrade'
                  : 'upgrade',
          }) as const,
      );
      if (!parts.controller.isActive) return refused(ErrorCode.NOT_CONTROLLER, null);
      if (!parts.isFeatureVersioningSupported()) {
        return refused(ErrorCode.INVALID_REQUEST, 'Feature versioning system is disabled.');
      }
      const results = await parts.controller.updateFeatures(updates);
      if (results === null) return refused(ErrorCode.NOT_CONTROLLER, null);
      return { throttleTimeMs: 0, ...noError, results };
    },
  });
}

function refused(errorCode: ErrorCode, errorMessage: string | null) {
  return { throttleTimeMs: 0, ...apiError(errorCode, errorMessage), results: [] };
}
