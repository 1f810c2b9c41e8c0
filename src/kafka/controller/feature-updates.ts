import { ErrorCode } from '../../wire/kafka/errors.ts';
import type { ElectionPort } from './ports.ts';

/** How a feature's level may change (KIP-584): `upgradeType` of UpdateFeatures. */
export type FeatureChange = 'upgrade' | 'safeDowngrade' | 'unsafeDowngrade' | 'unknown';

export interface FeatureUpdate {
  readonly feature: string;
  /** Below 1 takes the feature away. */
  readonly level: number;
  readonly change: FeatureChange;
}

export interface FeatureOutcome {
  readonly feature: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/**
 * Changes finalized features, each update by itself (`KafkaController.processFeatureUpdatesWithActiveController`, 3.9).
 * A broker in ZooKeeper mode supports none, so that all that can be done is to take away what is there.
 */
export async function updateFeatures(
  store: ElectionPort,
  updates: readonly FeatureUpdate[],
): Promise<FeatureOutcome[]> {
  const found = await store.features();
  const existing = found?.node.enabled ? found.node.features : new Map<string, number>();
  const target = new Map(existing);
  const outcomes = updates.map((update): FeatureOutcome => {
    const reason = updateError(update, existing.get(update.feature));
    if (reason === null) target.delete(update.feature);
    return {
      feature: update.feature,
      errorCode: reason === null ? ErrorCode.NONE : ErrorCode.INVALID_REQUEST,
      errorMessage: reason,
    };
  });
  if (target.size < existing.size) await store.setFeatures(target);
  return outcomes;
}

/** Null for an update that can be done: one that takes a feature away. */
function updateError({ feature, level, change }: FeatureUpdate, existing: number | undefined): string | null {
  if (feature === '') return 'Feature name can not be empty.';
  if (change === 'unknown') return 'Received unknown upgrade type.';
  if (level < 1) {
    if (change !== 'upgrade') {
      return existing === undefined ? 'Can not delete non-existing finalized feature.' : null;
    }
    return `Can not provide versionLevel: ${level} less than 1 without setting the SAFE downgradeType in the request.`;
  }
  if (existing === level) {
    const verb = change === 'safeDowngrade' ? 'downgrade' : 'upgrade';
    return `Can not ${verb} a finalized feature from existing versionLevel:${existing} to the same value.`;
  }
  if (existing !== undefined && level < existing && change !== 'safeDowngrade') {
    return (
      `Can not downgrade finalized feature from existing versionLevel:${existing} to provided ` +
      `versionLevel:${level} without setting the downgradeType to SAFE in the request.`
    );
  }
  if (existing !== undefined && level > existing && change !== 'upgrade') {
    return (
      'When the downgradeType is set to SAFE in the request, the provided ' +
      `versionLevel:${level} can not be greater than existing versionLevel:${existing}.`
    );
  }
  return 'Could not apply finalized feature update because the provided feature is not supported.';
}
