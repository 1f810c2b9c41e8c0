import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ArgSpec, ArgToolSpec } from '../../../src/cli/argparse/arg-spec.ts';
import { parseArgs } from '../../../src/cli/argparse/parse-args.ts';
import { ToolExit } from '../../../src/cli/tool.ts';

const folder = join(import.meta.dirname, '../../../../test/golden/argparse');

const SIZE_HELP =
  'Note that you must provide exactly one of --record-size or --payload-file or --payload-monotonic.';

/** The options of Apache's ProducerPerformance 3.9.2. */
const producerPerformance: ArgToolSpec = {
  prog: 'producer-performance',
  description: 'This tool is used to verify the producer performance.',
  showsDefaults: true,
  groups: {
    payload: {
      required: true,
      description: 'either --record-size or --payload-file must be specified but not both.',
    },
  },
  args: [
    { flags: ['--topic'], help: 'produce messages to this topic', required: true },
    {
      flags: ['--num-records'],
      metavar: 'NUM-RECORDS',
      help: 'number of messages to produce',
      required: true,
      type: 'Long',
    },
    {
      flags: ['--record-size'],
      metavar: 'RECORD-SIZE',
      help: `message size in bytes. ${SIZE_HELP}`,
      group: 'payload',
      type: 'Integer',
    },
    {
      flags: ['--payload-file'],
      metavar: 'PAYLOAD-FILE',
      help: `file to read the message payloads from. This works only for UTF-8 encoded text files. Payloads will be read from this file and a payload will be randomly selected when sending messages. ${SIZE_HELP}`,
      group: 'payload',
    },
    {
      flags: ['--payload-monotonic'],
      help: `payload is monotonically increasing integer. ${SIZE_HELP}`,
      takes: 'flag',
      group: 'payload',
    },
    {
      flags: ['--payload-delimiter'],
      metavar: 'PAYLOAD-DELIMITER',
      help: 'provides delimiter to be used when --payload-file is provided. Defaults to new line. Note that this parameter will be ignored if --payload-file is not provided.',
      defaultValue: '\\n',
    },
    {
      flags: ['--throughput'],
      help: 'throttle maximum message throughput to *approximately* THROUGHPUT messages/sec. Set this to -1 to disable throttling.',
      required: true,
      type: 'Double',
    },
    {
      flags: ['--producer-props'],
      metavar: 'PROP-NAME=PROP-VALUE',
      takes: 'many',
      help: 'kafka producer related configuration properties like bootstrap.servers,client.id etc. These configs take precedence over those passed via --producer.config.',
    },
    { flags: ['--producer.config'], metavar: 'CONFIG-FILE', help: 'producer config properties file.' },
    { flags: ['--print-metrics'], takes: 'flag', help: 'print out metrics at the end of the test.' },
    {
      flags: ['--transactional-id'],
      metavar: 'TRANSACTIONAL-ID',
      defaultValue: 'performance-producer-default-transactional-id',
      help: 'The transactionalId to use if transaction-duration-ms is > 0. Useful when testing the performance of concurrent transactions.',
    },
    {
      flags: ['--transaction-duration-ms'],
      metavar: 'TRANSACTION-DURATION',
      type: 'Long',
      defaultValue: '0',
      help: 'The max age of each transaction. The commitTransaction will be called after this time has elapsed. Transactions are only enabled if this value is positive.',
    },
  ],
};

const feature = (verb: string): ArgSpec => ({
  flags: ['--feature'],
  takes: 'each',
  help: `A feature ${verb} we should perform, in feature=level format. For example: \`metadata.version=5\`.`,
});

/** Those of its FeatureCommand, which has verbs. */
const features: ArgToolSpec = {
  prog: 'kafka-features',
  description: 'This tool manages feature flags in Kafka.',
  showsDefaults: true,
  groups: { bootstrap: { required: true } },
  args: [
    {
      flags: ['--bootstrap-server'],
      group: 'bootstrap',
      help: 'A comma-separated list of host:port pairs to use for establishing the connection to the Kafka cluster.',
    },
    {
      flags: ['--bootstrap-controller'],
      group: 'bootstrap',
      help: 'A comma-separated list of host:port pairs to use for establishing the connection to the KRaft quorum.',
    },
    {
      flags: ['--command-config'],
      help: 'Property file containing configs to be passed to Admin Client.',
    },
  ],
  commands: {
    verbs: {
      describe: { help: 'Describes the current active feature flags.', args: [] },
      upgrade: {
        help: 'Upgrade one or more feature flags.',
        args: [
          {
            flags: ['--metadata'],
            help: 'The level to which we should upgrade the metadata. For example, 3.3-IV3.',
          },
          feature('upgrade'),
          { flags: ['--dry-run'], takes: 'flag', help: 'Validate this upgrade, but do not perform it.' },
        ],
      },
      downgrade: {
        help: 'Upgrade one or more feature flags.',
        args: [
          {
            flags: ['--metadata'],
            help: 'The level to which we should downgrade the metadata. For example, 3.3-IV0.',
          },
          feature('downgrade'),
          { flags: ['--unsafe'], takes: 'flag', help: 'Perform this downgrade even if it may harm.' },
          { flags: ['--dry-run'], takes: 'flag', help: 'Validate this downgrade, but do not perform it.' },
        ],
      },
      disable: {
        help: 'Disable one or more feature flags. This is the same as downgrading the version to zero.',
        args: [],
      },
    },
  },
};

interface Answer {
  args: string[];
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Help texts and refusals of commands of Apache's that read their command lines by argparse4j. */
describe('a command line as argparse4j reads it', () => {
  for (const [name, spec] of [
    ['kafka-producer-perf-test', producerPerformance],
    ['kafka-features', features],
  ] as const) {
    const answers = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Answer[];
    for (const { args, exitCode, stdout, stderr } of answers) {
      it(`${name} ${args.join(' ')}`, () => {
        assert.throws(
          () => parseArgs(spec, args),
          (error) => {
            assert.ok(error instanceof ToolExit, String(error));
            assert.equal(error.stdout, stdout);
            assert.equal(error.stderr, stderr);
            assert.equal(error.exitCode, exitCode);
            return true;
          },
        );
      });
    }
  }

  it('gives values with their defaults', () => {
    const needed = ['--topic=a', '--num-records', '5', '--throughput', '-1', '--record-size=10'];
    const values = parseArgs(producerPerformance, [...needed, '--producer-props', 'a=b', 'c=d', '--print-m']);
    assert.equal(values.required('topic'), 'a');
    assert.equal(values.number('throughput'), -1);
    assert.equal(values.text('payload-file'), undefined);
    assert.equal(values.text('payload-delimiter'), '\\n');
    assert.deepEqual(values.all('producer-props'), ['a=b', 'c=d']);
    assert.equal(values.has('print-metrics'), true);
    const upgrade = ['--bootstrap-server', 'x:1', 'upgrade', '--feature', 'a=1', '--feature', 'b=2'];
    assert.equal(parseArgs(features, upgrade).verb, 'upgrade');
    assert.deepEqual(parseArgs(features, upgrade).all('feature'), ['a=1', 'b=2']);
  });
});
