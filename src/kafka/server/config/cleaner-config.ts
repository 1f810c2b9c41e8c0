import type { CleanerConfig } from '../../log/cleaner/cleaner-config.ts';
import type { BrokerValues } from './broker-config.ts';

/** What the log cleaner needs to know of the broker's configuration. */
export function cleanerConfig(broker: BrokerValues): CleanerConfig {
  return {
    enabled: broker.logCleanerEnable,
    threads: broker.logCleanerThreads,
    dedupeBufferBytes: broker.logCleanerDedupeBufferSize,
    dedupeBufferLoadFactor: broker.logCleanerIoBufferLoadFactor,
    ioBufferBytes: broker.logCleanerIoBufferSize,
    maxIoBytesPerSecond: broker.logCleanerIoMaxBytesPerSecond,
    backoffMs: broker.logCleanerBackoffMs,
  };
}
