import { nodeClock } from '../env/node/node-clock.ts';

/** A time as log4j's `%d` prints it, in local time: `2026-11-28 15:08:45,046`. */
export function logTime(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  return `${date} ${time},${String(now.getMilliseconds()).padStart(3, '0')}`;
}

/** A log line on standard error, as Apache's tools write them with their config/tools-log4j.properties. */
export function logLine(level: 'WARN' | 'ERROR', text: string, logger: string): void {
  console.error(`[${logTime(new Date(nodeClock.nowMs()))}] ${level} ${text} (${logger})`);
}
