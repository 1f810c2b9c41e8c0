import assert from 'node:assert/strict';
import type { Env } from '../../src/env/env.ts';
import { MemoryDisk } from '../../src/env/memory/memory-disk.ts';
import { DEFAULT_CLEANER_CONFIG } from '../../src/kafka/log/cleaner/cleaner-config.ts';
import { DEFAULT_LOG_CONFIG, type LogConfig } from '../../src/kafka/log/log-config.ts';
import { LogError } from '../../src/kafka/log/log-error.ts';
import { LogManager, type LogManagerOptions } from '../../src/kafka/log/log-manager.ts';
import { memoryEnv } from './memory-env.ts';
import { VirtualTime } from './virtual-time.ts';

/** Disk in memory, and time that the test moves. */
export interface LogEnv extends Env {
  readonly time: VirtualTime;
}

export function logEnv(epochMs?: number): LogEnv {
  const time = new VirtualTime(epochMs);
  return { ...memoryEnv(), clock: time, timers: time, disk: new MemoryDisk(time), time };
}

/** Log manager settings with long intervals: background tasks run only where a test asks for them. */
export function logManagerOptions(changes: Partial<LogManagerOptions> = {}): LogManagerOptions {
  const hourMs = 3_600_000;
  return {
    logDirs: ['/data'],
    configFor: () => DEFAULT_LOG_CONFIG,
    retentionCheckIntervalMs: hourMs,
    flushSchedulerIntervalMs: hourMs,
    flushOffsetCheckpointIntervalMs: hourMs,
    flushStartOffsetCheckpointIntervalMs: hourMs,
    highWatermarkCheckpointIntervalMs: hourMs,
    producerIdExpirationMs: () => 24 * hourMs,
    producerIdExpirationCheckIntervalMs: hourMs,
    initialTaskDelayMs: 0,
    recoveryThreadsPerDataDir: 2,
    cleaner: DEFAULT_CLEANER_CONFIG,
    hotTailBytes: 1024 * 1024,
    onLogDirFailure: () => undefined,
    onAllLogDirsFailed: () => undefined,
    ...changes,
  };
}

export function logConfig(changes: Partial<LogConfig>): LogConfig {
  return { ...DEFAULT_LOG_CONFIG, ...changes };
}

export async function loadedManager(env: Env, changes: Partial<LogManagerOptions> = {}): Promise<LogManager> {
  const manager = new LogManager(env, logManagerOptions(changes));
  await manager.load();
  return manager;
}

/** Checks that an action is refused with this error of the log. */
export function refused(error: string, action: () => unknown): void {
  assert.throws(action, (thrown) => thrown instanceof LogError && thrown.error === error);
}
