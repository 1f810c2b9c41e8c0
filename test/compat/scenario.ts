import type { Target } from '../../tools/peers/targets.ts';
import type { Toolbox } from '../../tools/peers/toolbox.ts';

export interface Context {
  readonly toolbox: Toolbox;
  readonly quick: boolean;
  /** Which servers a scenario starts for itself: ours, or Apache's to check the scenario. */
  readonly which: 'ours' | 'apache';
  /** The servers that all client scenarios share; started on first use. */
  shared(): Promise<Target>;
  /** Progress, shown while the scenario runs. */
  say(text: string): void;
}

export interface Scenario {
  readonly name: string;
  /** What it shows, in the table. */
  readonly shows: string;
  /** Too long for `--quick`, unless it is asked for by name. */
  readonly fullOnly?: boolean;
  /** Resolves to a line for the table; throws when anything is wrong. */
  run(context: Context): Promise<string>;
}

export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

/**
 * A short `zookeeper.session.timeout.ms` for scenarios that wait for sessions to end; a JVM that starts while the machine
 * is busy would lose its session.
 */
export function sessionTimeoutMs({ which }: Context): string {
  return which === 'ours' ? '3000' : '10000';
}
