import type { Clock } from './clock.ts';
import type { Disk } from './disk.ts';
import type { Log } from './log.ts';
import type { Net } from './net.ts';
import type { Random } from './random.ts';
import type { Timers } from './timers.ts';

/** The only door to the outside world, handed down from the composition root. */
export interface Env {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly net: Net;
  readonly disk: Disk;
  readonly log: Log;
}
