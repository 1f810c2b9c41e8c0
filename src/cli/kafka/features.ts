import type { FeatureUpdate } from '../../clients/kafka/admin/features.ts';
import { KafkaError } from '../../clients/kafka/kafka-error.ts';
import type { ArgValues } from '../argparse/parse-args.ts';
import type { BootstrapFrom } from '../client-settings.ts';
import { JavaError, terse } from '../java-error.ts';
import { asJavaError } from '../kafka-failure.ts';
import { levelOf, supportedVersions, versionOf } from './metadata-versions.ts';
import { firstFuture, withAdmin } from './with-admin.ts';

const METADATA = 'metadata.version';

/** Prints a line for each feature that a broker supports. */
export async function describeFeatures(from: BootstrapFrom): Promise<void> {
  await withAdmin(from, async (admin) => {
    const metadata = await firstFuture('describeFeatures', () => admin.describeFeatures());
    const epoch = metadata.finalizedEpoch ?? '-';
    for (const feature of [...metadata.supported.keys()].sort()) {
      const told = (level: number) => (feature === METADATA ? versionOf(level) : `${level}`);
      const { min = 0, max = 0 } = metadata.supported.get(feature) ?? {};
      const finalized = metadata.finalized.get(feature)?.max ?? 0;
      console.log(
        [
          `Feature: ${feature}`,
          `SupportedMinVersion: ${told(min)}`,
          `SupportedMaxVersion: ${told(max)}`,
          `FinalizedVersionLevel: ${told(finalized)}`,
          `Epoch: ${epoch}`,
        ].join('\t'),
      );
    }
  });
}

/** `upgrade`, `downgrade` and `disable`. Throws {@link JavaError} where any of them failed. */
export async function updateFeatures(from: BootstrapFrom, values: ArgValues): Promise<void> {
  const verb = values.verb ?? '';
  const isDryRun = values.has('dry-run');
  await withAdmin(from, async (admin) => {
    const updates = updatesOf(verb, values);
    if (updates.length === 0) throw terse(`You must specify at least one feature to ${verb}`);
    const outcomes = await admin.updateFeatures(updates, { validateOnly: isDryRun }).settled();
    let failures = 0;
    for (const { feature, maxVersionLevel } of updates.toSorted((a, b) => (a.feature < b.feature ? -1 : 1))) {
      const outcome = outcomes.get(feature);
      if (outcome instanceof KafkaError) {
        failures++;
        const could = isDryRun ? 'Can not' : 'Could not';
        const what = verb === 'disable' ? '' : ` to ${maxVersionLevel}`;
        console.log(`${could} ${verb} ${feature}${what}. ${messageOf(outcome)}`);
      } else {
        const done = verb === 'disable' ? 'disabled.' : `${verb}d to ${maxVersionLevel}.`;
        console.log(`${feature} ${isDryRun ? 'can be' : 'was'} ${done}`);
      }
    }
    if (failures > 0) throw terse(`${failures} out of ${updates.length} operation(s) failed.`);
  });
}

function messageOf(error: KafkaError): string {
  const known = asJavaError(error);
  return known instanceof JavaError ? known.message : error.message;
}

function updatesOf(verb: string, values: ArgValues): FeatureUpdate[] {
  const downgrade = values.has('unsafe') ? 'UNSAFE_DOWNGRADE' : 'SAFE_DOWNGRADE';
  const upgradeType = verb === 'upgrade' ? 'UPGRADE' : downgrade;
  const updates = new Map<string, FeatureUpdate>();
  const metadata = verb === 'disable' ? undefined : values.text('metadata');
  if (metadata !== undefined) {
    const maxVersionLevel = levelOf(metadata);
    if (maxVersionLevel === undefined) {
      const supported = supportedVersions().join(', ');
      throw terse(`Unsupported metadata.version ${metadata}. Supported metadata.version are ${supported}`);
    }
    updates.set(METADATA, { feature: METADATA, maxVersionLevel, upgradeType });
  }
  for (const text of values.all('feature')) {
    const [feature, maxVersionLevel] = verb === 'disable' ? [text, 0] : nameAndLevel(text);
    if (updates.has(feature)) {
      throw new JavaError('java.lang.RuntimeException', `Feature ${feature} was specified more than once.`);
    }
    updates.set(feature, { feature, maxVersionLevel, upgradeType });
  }
  return [...updates.values()];
}

/** `name=level`. */
function nameAndLevel(text: string): [string, number] {
  const equals = text.indexOf('=');
  const failed = (why: string) =>
    new JavaError('java.lang.RuntimeException', `Can't parse feature=level string ${text}: ${why}`);
  if (equals < 0) throw failed('equals sign not found.');
  const level = text.slice(equals + 1).trim();
  const number = /^[+-]?\d+$/.test(level) ? Number(level) : Number.NaN;
  if (!(number >= -32_768 && number <= 32_767)) throw failed(`unable to parse ${level} as a short.`);
  return [text.slice(0, equals).trim(), number];
}
