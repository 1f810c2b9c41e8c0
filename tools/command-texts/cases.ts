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
/** What makes no client of any tool. */
const addresses = [
  ['--bootstrap-server', 'localhost'],
  ['--bootstrap-server', 'no-such-host.invalid:9092'],
];

/** The command lines whose answers are kept in test/golden/commands. */
export const commandTexts: readonly CommandTexts[] = [
  {
    command: 'kafka-broker-api-versions',
    mainClass: 'kafka.admin.BrokerApiVersionsCommand',
    cases: [['--command-config', 'nowhere'], ['--bootstrap-server'], [...at, '--help'], ['-x']],
  },
  {
    command: 'kafka-topics',
    mainClass: `${tools}.TopicCommand`,
    cases: [
      ['--list'],
      [...at, '--list', '--create'],
      [...at, '--create'],
      [...at, '--delete'],
      [...at, '--alter', '--topic', 'a'],
      [...at, '--alter', '--topic', 'a', '--config', 'a=b'],
      [...at, '--alter', '--topic', 'a', '--partitions', '2', '--delete-config', 'a'],
      [...at, '--list', '--partitions', '2'],
      [...at, '--create', '--topic', 'a', '--replica-assignment', '0', '--partitions', '2'],
      [...at, '--create', '--topic', 'a', '--if-exists'],
      [...at, '--delete', '--topic', 'a', '--if-not-exists'],
      [...at, '--delete', '--topic', 'a', '--exclude-internal'],
      [...at, '--describe', '--if-exists'],
      [...at, '--describe', '--under-replicated-partitions', '--topics-with-overrides'],
      [...at, '--describe', '--topics-with-overrides', '--at-min-isr-partitions'],
      [...at, '--list', '--unavailable-partitions'],
      [...at, '--create', '--topic', 'a', '--partitions', 'x'],
      [...at, '--list', '--command-config', 'nowhere'],
      ...addresses.map((address) => [...address, '--list']),
    ],
  },
  {
    command: 'kafka-get-offsets',
    mainClass: `${tools}.GetOffsetShell`,
    cases: [
      ['--topic', 'a'],
      [...at, '--topic', 'a', '--topic-partitions', 'a:0'],
      [...at, '--time', 'soon'],
      [...at, '--partitions', 'a'],
      ['--broker-list', 'x', '--topic', 'a'],
      ['--bootstrap-server', 'no-such-host.invalid:9092'],
    ],
  },
  {
    command: 'kafka-delete-records',
    mainClass: `${tools}.DeleteRecordsCommand`,
    cases: [at, ...addresses.map((address) => [...address, '--offset-json-file', 'nowhere'])],
  },
  {
    command: 'kafka-log-dirs',
    mainClass: `${tools}.LogDirsCommand`,
    cases: [at, ['--describe'], ...addresses.map((address) => [...address, '--describe'])],
  },
  {
    command: 'kafka-leader-election',
    mainClass: `${tools}.LeaderElectionCommand`,
    cases: [
      at,
      ['--topic', 'a'],
      [...at, '--election-type', 'preferred'],
      [...at, '--election-type', 'preferred', '--topic', 'a'],
      [...at, '--election-type', 'preferred', '--partition', '0', '--all-topic-partitions'],
      [...at, '--election-type', 'preferred', '--topic', 'a', '--all-topic-partitions'],
      [...at, '--election-type', 'best', '--all-topic-partitions'],
    ],
  },
  {
    command: 'kafka-consumer-groups',
    mainClass: `${tools}.consumer.group.ConsumerGroupCommand`,
    cases: [
      at,
      ['--list'],
      [...at, '--list', '--delete'],
      [...at, '--describe'],
      [...at, '--describe', '--group', 'g', '--members', '--offsets'],
      [...at, '--describe', '--group', 'g', '--state', 'Stable'],
      [...at, '--delete'],
      [...at, '--delete', '--group', 'g', '--topic', 't'],
      [...at, '--delete-offsets', '--group', 'g'],
      [...at, '--delete-offsets', '--topic', 't'],
      [...at, '--reset-offsets', '--group', 'g', '--dry-run', '--execute'],
      [...at, '--reset-offsets', '--to-latest'],
      [...at, '--reset-offsets', '--group', 'g', '--all-groups', '--execute', '--to-latest'],
      [...at, '--reset-offsets', '--group', 'g', '--execute', '--to-latest', '--to-earliest'],
      [...at, '--reset-offsets', '--group', 'g', '--execute', '--to-offset', '1', '--shift-by', '1'],
      [...at, '--reset-offsets', '--group', 'g', '--execute', '--from-file', 'a', '--by-duration', 'PT1S'],
      [...at, '--list', '--group', 'g'],
      [...at, '--list', '--topic', 't'],
      [...at, '--list', '--state', 'Busy'],
      [...at, '--list', '--type', 'Share'],
      [...at, '--list', '--command-config', 'nowhere'],
      ...addresses.map((address) => [...address, '--list']),
    ],
  },
  {
    command: 'kafka-console-producer',
    mainClass: 'kafka.tools.ConsoleProducer',
    cases: [
      ['--topic', 'a'],
      at,
      ['--topic'],
      [...at, '--topic', 'a', '--timeout', 'soon'],
      [...at, '--topic', 'a', '--request-required-acks', '7'],
      [...at, '--topic', 'a', '--line-reader', 'no.such.Reader'],
      [...at, '--topic', 'a', '--producer.config', 'nowhere'],
      [...at, '--topic', 'a', '--property', 'null.marker=,'],
      [
        ...at,
        '--topic',
        'a',
        '--producer-property',
        'acks=1',
        '--producer-property',
        'enable.idempotence=true',
      ],
      ['--broker-list', 'localhost', '--topic', 'a'],
      ...addresses.map((address) => [...address, '--topic', 'a']),
    ],
  },
  {
    command: 'kafka-console-consumer',
    mainClass: `${tools}.consumer.ConsoleConsumer`,
    cases: [
      at,
      ['--topic', 'a'],
      [...at, '--topic', 'a', '--include', 'b'],
      [...at, '--topic', 'a', '--whitelist', 'b'],
      [...at, '--include', 'a', '--partition', '0'],
      [...at, '--topic', 'a', '--offset', '0'],
      [...at, '--topic', 'a', '--partition', '0', '--offset', '-5'],
      [...at, '--topic', 'a', '--partition', '0', '--offset', '0', '--from-beginning'],
      [...at, '--topic', 'a', '--partition', 'x'],
      [...at, '--topic', 'a', '--partition', '0', '--group', 'g'],
      [...at, '--topic', 'a', '--group', 'g', '--consumer-property', 'group.id=h'],
      [...at, '--topic', 'a', '--isolation-level', 'maybe'],
      [...at, '--topic', 'a', '--formatter', 'no.such.Formatter'],
      [...at, '--topic', 'a', '--consumer.config', 'nowhere'],
      [...at, '--topic', 'a', '--formatter-config', 'nowhere'],
      [...at, '--topic', 'a', '--timeout-ms', 'soon'],
      [...at, '--topic', 'a', '--max-messages', 'many', '--timeout-ms', '10'],
      [...at, '--topic', 'a', '--max-messages', '0', '--enable-systest-events'],
      [...at, '--topic', 'a', '--timeout-ms', '100', '--key-deserializer', 'no.such.Deserializer'],
      [...at, '--topic', 'a', '--timeout-ms', '100', '--formatter', 'kafka.tools.NoOpMessageFormatter'],
      [...at, '--topic', 'a', '--from-beginning', '--consumer-property', 'auto.offset.reset=latest'],
      ...addresses.map((address) => [...address, '--topic', 'a']),
    ],
  },
  {
    command: 'kafka-storage',
    mainClass: 'kafka.tools.StorageTool',
    cases: [['nothing'], ['random-uuid', '-h']],
  },
  {
    command: 'kafka-cluster',
    mainClass: `${tools}.ClusterTool`,
    cases: [
      ['cluster-id'],
      ['cluster-id', '--help'],
      ['unregister', '-h'],
      ['cluster-id', '-b', 'localhost:1', '-C', 'localhost:2'],
      ['unregister', '-b', 'localhost:1'],
      ['unregister', '-b', 'localhost:1', '--id', 'x'],
      ['cluster-id', '-b', 'localhost:1', '-c', 'nowhere'],
      ...addresses.map((address) => ['cluster-id', ...address]),
    ],
  },
  {
    command: 'kafka-features',
    mainClass: `${tools}.FeatureCommand`,
    cases: [
      at,
      ['describe'],
      [...at, 'describe', '--help'],
      [...at, 'upgrade', '-h'],
      [...at, 'downgrade', '-h'],
      [...at, 'disable', '-h'],
      [...at, 'upgrade'],
      [...at, 'disable'],
      [...at, 'upgrade', '--metadata', '9.9'],
      [...at, 'upgrade', '--feature', 'a'],
      [...at, 'upgrade', '--feature', 'a=b'],
      [...at, 'downgrade', '--feature', 'a=1', '--feature', 'a=2'],
      [...at, 'upgrde'],
      ...addresses.map((address) => [...address, 'describe']),
    ],
  },
];
