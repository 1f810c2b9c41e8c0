import type { ShareConsumerOptions } from '../../clients/kafka/share/share-options.ts';
import { consumerOptionsFor } from '../client-settings.ts';

const MODES = ['implicit', 'explicit'] as const;
const ACQUIRE_MODES = ['batch_optimized', 'record_limit'] as const;

/** The options of a tool's share consumer. Throws JavaError and ConfigError. */
export async function shareConsumerOptionsFor(
  properties: ReadonlyMap<string, string>,
): Promise<ShareConsumerOptions> {
  const { groupId = '', ...options } = await consumerOptionsFor(properties);
  const mode = MODES.find((one) => one === properties.get('share.acknowledgement.mode'));
  const acquireMode = ACQUIRE_MODES.find((one) => one === properties.get('share.acquire.mode'));
  return {
    ...options,
    groupId,
    ...(mode === undefined ? {} : { acknowledgementMode: mode }),
    ...(acquireMode === undefined ? {} : { acquireMode }),
  };
}
