/** A command of Apache's with command lines that it answers by itself, without a broker. */
export interface CommandTexts {
  readonly command: string;
  readonly mainClass: string;
  /** Besides {@link COMMON_CASES}. */
  readonly cases: readonly (readonly string[])[];
}

/** What every command is asked. */
export const COMMON_CASES: readonly (readonly string[])[] = [
  ['--help'],
  [],
  ['--version'],
  ['--bootsrap-server', 'localhost:1'],
  ['--bootsrap-server=localhost:1'],
];

const tools = 'org.apache.kafka.tools';
const at = ['--bootstrap-server', 'localhost:1'];

/** The command lines whose answers are kept in test/golden/commands. */
export const commandTexts: readonly CommandTexts[] = [
  {
    command: 'kafka-broker-api-versions',
    mainClass: 'kafka.admin.BrokerApiVersionsCommand',
    cases: [['--command-config', 'nowhere'], ['--bootstrap-server'], [...at, '--help'], ['-x']],
  },
  {
    command: 'kafka-storage',
    mainClass: 'kafka.tools.StorageTool',
    cases: [['nothing'], ['random-uuid', '-h']],
  },
];

export { at, tools };
