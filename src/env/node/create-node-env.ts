import type { Env } from '../env.ts';
import type { LogLevel } from '../log.ts';
import { nodeClock } from './node-clock.ts';
import { NodeDisk } from './node-disk.ts';
import { createNodeLog } from './node-log.ts';
import { NodeNet } from './node-net.ts';
import { nodeRandom } from './node-random.ts';
import { nodeTimers } from './node-timers.ts';

export interface NodeEnvOptions {
  /** The least severe level that is logged; `silent` logs nothing. Default `info`. */
  logLevel?: LogLevel | 'silent';
  /** A file that log lines are appended to; standard error when absent. */
  logDestination?: string;
}

/** The real environment: this process on this machine. For composition roots alone. */
export function createNodeEnv(options: NodeEnvOptions = {}): Env {
  return {
    clock: nodeClock,
    timers: nodeTimers,
    random: nodeRandom,
    net: new NodeNet(),
    disk: new NodeDisk(),
    log: createNodeLog({
      ...(options.logLevel === undefined ? {} : { level: options.logLevel }),
      ...(options.logDestination === undefined ? {} : { destination: options.logDestination }),
    }),
  };
}
