import { readdirSync, readFileSync } from 'node:fs';
import * as os from 'node:os';
import type { ProcessFacts, ProcessUsage } from '../process-facts.ts';

const MEBIBYTE = 1024 * 1024;

/** What Linux tells in /proc; nothing elsewhere. */
function files(): Pick<ProcessUsage, 'openFiles' | 'maxFiles'> {
  try {
    const openFiles = readdirSync('/proc/self/fd').length;
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return { openFiles, ...(limit === undefined ? {} : { maxFiles: Number(limit) }) };
  } catch {
    return {};
  }
}

function user(): { name: string; home: string } {
  try {
    const { username, homedir } = os.userInfo();
    return { name: username, home: homedir };
  } catch {
    // A user id without an entry in the system's list, as in many containers.
    return { name: String(process.getuid?.() ?? '<NA>'), home: os.homedir() };
  }
}

/** This process. */
export const nodeProcessFacts: ProcessFacts = {
  usage() {
    const { user: userMicros, system } = process.cpuUsage();
    const { rss, heapUsed, heapTotal } = process.memoryUsage();
    return {
      cpuSeconds: (userMicros + system) / 1e6,
      startedAtMs: performance.timeOrigin,
      residentBytes: rss,
      heapUsedBytes: heapUsed,
      heapTotalBytes: heapTotal,
      ...files(),
    };
  },
  environment() {
    const { name, home } = user();
    const megabytes = (bytes: number) => `${Math.floor(bytes / MEBIBYTE)}MB`;
    return [
      ['node.version', process.version],
      ['os.name', os.type()],
      ['os.arch', os.arch()],
      ['os.version', os.release()],
      ['user.name', name],
      ['user.home', home],
      ['user.dir', process.cwd()],
      ['os.memory.free', megabytes(os.freemem())],
      ['os.memory.max', megabytes(os.totalmem())],
      ['os.memory.total', megabytes(os.totalmem())],
    ];
  },
};
