/** A command that Apache Kafka has and that can do nothing here: says why, exit code 1. */
export function sayWhyNot(command: string, why: string): void {
  console.error(`${command} does nothing here: ${why}`);
  process.exitCode = 1;
}
