import type { ArgValues } from './argparse/parse-args.ts';
import { CliError } from './failure.ts';

/** A command that Apache Kafka has and that can do nothing here: says why, exit code 1. */
export function sayWhyNot(command: string, why: string): void {
  console.error(`${command} does nothing here: ${why}`);
  process.exitCode = 1;
}

/** Refuses `--bootstrap-controller`, behind which only controllers of KRaft could stand. Throws {@link CliError}. */
export function refuseControllers(command: string, values: ArgValues): void {
  if (!values.has('bootstrap-controller')) return;
  throw new CliError(
    `${command}: --bootstrap-controller is for the controllers of clusters without ZooKeeper; give brokers to --bootstrap-server`,
  );
}
