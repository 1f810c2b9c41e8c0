import type { Env } from '../../env/env.ts';

/** Events as lines of JSON on standard output, each with its time and name in front. */
export interface Events {
  print(name: string, facts: Readonly<Record<string, unknown>>): void;
  /** As {@link print}, of facts that are JSON already: members without their braces. */
  printText(name: string, facts: string): void;
}

export function createEvents(env: Env): Events {
  const printText = (name: string, facts: string) => {
    const more = facts === '' ? '' : `,${facts}`;
    process.stdout.write(`{"timestamp":${env.clock.nowMs()},"name":"${name}"${more}}\n`);
  };
  return { printText, print: (name, facts) => printText(name, JSON.stringify(facts).slice(1, -1)) };
}
