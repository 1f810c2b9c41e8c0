import type { ToolCase } from './tool-case.ts';

const at = ['--bootstrap-server', '{at}'];
const topic = ['--topic', 'console-{me}'];
const property = (...properties: string[]) => properties.flatMap((one) => ['--property', one]);
const shown = property(
  ...['print.key=true', 'print.headers=true', 'print.partition=true', 'print.offset=true'],
);
const begin = ['--partition', '0', '--offset', 'earliest'];

const produce = (args: readonly string[], input: string, more: Partial<ToolCase> = {}): ToolCase => ({
  command: 'kafka-console-producer',
  args: [...at, ...args],
  input,
  ...more,
});
const consume = (args: readonly string[], more: Partial<ToolCase> = {}): ToolCase => ({
  command: 'kafka-console-consumer',
  args: [...at, ...args],
  ...more,
});

/** Lines into a topic of one partition and out of it again, in their order. */
export const consoleCases: readonly ToolCase[] = [
  {
    command: 'kafka-topics',
    args: [...at, '--create', ...topic, '--partitions', '1', '--replication-factor', '1'],
    quick: true,
  },
  produce(topic, 'one\ntwo\r\nthree\n\nfive', { quick: true }),
  produce([...topic, ...property('parse.key=true'), '--compression-codec', 'snappy'], 'k\tv\tw\n'),
  produce(
    [...topic, ...property('parse.key=true', 'parse.headers=true', 'null.marker=NULL'), '--sync'],
    'a:1,b:2:3\tk\tv\nNULL\tNULL\tNULL\nc:\tNULL\tx\n',
  ),
  produce(
    [...topic, ...property('parse.key=true', 'key.separator=::', 'ignore.error=true'), '--compression-codec'],
    'k::v\nno key\n',
  ),
  produce([...topic, ...property('parse.key=true')], 'no key\n', { quick: true }),
  produce([...topic, ...property('parse.headers=true')], 'a\tv\n'),
  produce([...topic, '--reader-config', '{dir}/reader.properties'], 'k=v\n', {
    files: { 'reader.properties': 'parse.key=true\nkey.separator=\\=\n' },
  }),
  consume([...topic, ...begin, '--max-messages', '5'], { quick: true }),
  consume([...topic, ...begin, '--max-messages', '12', ...shown]),
  consume([
    ...topic,
    ...begin,
    '--max-messages',
    '12',
    ...shown,
    ...property('null.literal=-', 'key.separator=|'),
  ]),
  consume([...topic, ...begin, '--max-messages', '2', ...property('print.value=false')]),
  consume([...topic, '--partition', '0', '--offset', '3', '--max-messages', '2', ...shown]),
  consume([...topic, '--from-beginning', '--timeout-ms', '3000', '--group', 'console-{me}'], { quick: true }),
  consume([...topic, '--timeout-ms', '3000', '--group', 'console-{me}']),
  consume(['--include', 'console-{me}', '--from-beginning', '--max-messages', '5']),
  consume(['--whitelist', 'console-{me}', '--from-beginning', '--max-messages', '5']),
  consume([
    ...[...topic, ...begin, '--max-messages', '1', '--enable-systest-events'],
    ...['--isolation-level', 'read_committed', '--formatter', 'kafka.tools.DefaultMessageFormatter'],
  ]),
  consume([
    ...[...topic, ...begin, '--max-messages', '3'],
    ...['--value-deserializer', 'org.apache.kafka.common.serialization.BytesDeserializer'],
  ]),
  consume([
    ...[...topic, ...begin, '--max-messages', '3'],
    ...['--value-deserializer', 'org.apache.kafka.common.serialization.IntegerDeserializer'],
  ]),
  consume([
    ...[...topic, ...begin, '--max-messages', '3', '--skip-message-on-error'],
    ...['--value-deserializer', 'org.apache.kafka.common.serialization.LongDeserializer'],
  ]),
  consume([
    ...topic,
    ...begin,
    '--max-messages',
    '3',
    '--formatter',
    'org.apache.kafka.tools.consumer.NoOpMessageFormatter',
  ]),
];
