import { createNodeEnv } from '../../src/env/node/create-node-env.ts';
import { DEFAULT_CLEANER_CONFIG } from '../../src/kafka/log/cleaner/cleaner-config.ts';
import { DEFAULT_LOG_CONFIG } from '../../src/kafka/log/log-config.ts';
import { LogManager } from '../../src/kafka/log/log-manager.ts';
import type { UnifiedLog } from '../../src/kafka/log/unified-log.ts';
import { batchesIn } from '../../src/wire/kafka/records/batch.ts';
import { buildBatch } from '../../src/wire/kafka/records/builder.ts';
import { Workspace } from '../../tools/workspace.ts';

const HOUR_MS = 3_600_000;
const HOT_TAIL_BYTES = 32 * 1024 * 1024;

/** Appends and reads of one log in a temporary directory: `node dist/bench/micro/kafka-log.js [megabytes]`. */
async function main(): Promise<void> {
  const totalBytes = Number(process.argv[2] ?? 256) * 1024 * 1024;
  const workspace = new Workspace('bench');
  const directory = workspace.path;
  const manager = openManager(directory);
  try {
    await manager.load();
    for (const batchBytes of [1024, 16 * 1024, 256 * 1024]) {
      const topicPartition = { topic: `bench-${batchBytes}`, partition: 0 };
      const log = manager.getOrCreate(topicPartition, { isNew: true, topicId: undefined });
      append(log, batchBytes, Math.min(totalBytes, batchBytes * 100_000));
      await read(log, batchBytes);
    }
  } finally {
    await manager.shutdown();
    workspace.remove();
  }
}

function openManager(directory: string): LogManager {
  return new LogManager(createNodeEnv({ logLevel: 'silent' }), {
    logDirs: [directory],
    configFor: () => DEFAULT_LOG_CONFIG,
    retentionCheckIntervalMs: HOUR_MS,
    flushSchedulerIntervalMs: HOUR_MS,
    flushOffsetCheckpointIntervalMs: HOUR_MS,
    flushStartOffsetCheckpointIntervalMs: HOUR_MS,
    highWatermarkCheckpointIntervalMs: HOUR_MS,
    producerIdExpirationMs: () => HOUR_MS,
    producerIdExpirationCheckIntervalMs: HOUR_MS,
    initialTaskDelayMs: HOUR_MS,
    recoveryThreadsPerDataDir: 2,
    cleaner: DEFAULT_CLEANER_CONFIG,
    hotTailBytes: HOT_TAIL_BYTES,
    onLogDirFailure: () => undefined,
    onAllLogDirsFailed: () => undefined,
  });
}

function append(log: UnifiedLog, batchBytes: number, totalBytes: number): void {
  const value = Buffer.alloc(Math.min(1000, batchBytes - 100), 'x');
  const records = Array.from({ length: Math.max(1, Math.floor(batchBytes / 1024)) }, () => ({
    timestamp: Date.now(),
    key: null,
    value,
  }));
  const batch = buildBatch(records);
  // A received buffer belongs to the log: each append has its own.
  const count = Math.floor(totalBytes / batch.length);
  const started = performance.now();
  let aside = 0;
  for (let index = 0; index < count; index++) {
    const asideStarted = performance.now();
    const received = Buffer.from(batch);
    // The hot tail is kept for a log that somebody reads.
    log.read({
      startOffset: log.logEndOffset,
      maxBytes: 1,
      isolation: 'high-watermark',
      minOneMessage: false,
    });
    aside += performance.now() - asideStarted;
    log.appendAsLeader(received, 0);
    log.maybeIncrementHighWatermark(log.logEnd);
  }
  report(`append ${batchBytes}`, count, count * batch.length, performance.now() - started - aside);
}

async function read(log: UnifiedLog, batchBytes: number): Promise<void> {
  const hotFrom = Math.max(0, log.logEndOffset - Math.floor(HOT_TAIL_BYTES / 4 / 1100));
  const kinds = [
    ['hot read', hotFrom, (options: Parameters<UnifiedLog['read']>[0]) => log.read(options)],
    ['cold read', 0, (options: Parameters<UnifiedLog['read']>[0]) => log.readAsync(options)],
  ] as const;
  for (const [name, from, reader] of kinds) {
    const started = performance.now();
    let next = from;
    let bytes = 0;
    let reads = 0;
    while (next < log.logEndOffset && performance.now() - started < 2000) {
      const result = await reader({
        startOffset: next,
        maxBytes: 1024 * 1024,
        isolation: 'high-watermark',
        minOneMessage: true,
      });
      for (const chunk of result.chunks) for (const batch of batchesIn(chunk)) next = batch.nextOffset;
      bytes += result.bytes;
      reads += 1;
    }
    report(`${name} ${batchBytes}`, reads, bytes, performance.now() - started);
  }
}

function report(name: string, count: number, bytes: number, tookMs: number): void {
  const megabytesPerSecond = bytes / 1024 / 1024 / (tookMs / 1000);
  const micros = (tookMs * 1000) / count;
  process.stdout.write(
    `${name.padEnd(18)} ${String(count).padStart(7)} calls ${micros.toFixed(1).padStart(8)} us each ` +
      `${megabytesPerSecond.toFixed(0).padStart(6)} MB/s\n`,
  );
}

await main();
