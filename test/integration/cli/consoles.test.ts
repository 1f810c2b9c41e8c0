import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { launcher, runScript } from '../../support/command.ts';
import { type RunningCluster, startCluster } from '../../support/kafka/real-broker.ts';
import { memoryEnv } from '../../support/memory-env.ts';

describe('consoles', () => {
  let cluster: RunningCluster;
  before(async () => {
    cluster = await startCluster(memoryEnv());
  });
  after(() => cluster[Symbol.asyncDispose]());

  const at = () => ['--bootstrap-server', cluster.broker.bootstrapServers];
  const produce = (input: string, ...args: string[]) =>
    runScript(launcher('kafka-console-producer.sh'), [...at(), ...args], { input });
  const consume = (...args: string[]) => runScript(launcher('kafka-console-consumer.sh'), [...at(), ...args]);
  const sorted = (text: string) => text.trimEnd().split('\n').sort();

  it('lines go in and come out', async () => {
    assert.deepEqual(await produce('one\ntwo\nthree', '--topic', 'lines'), {
      code: 0,
      stdout: '',
      stderr: '',
    });
    const { code, stdout, stderr } = await consume(
      '--topic',
      'lines',
      '--from-beginning',
      '--max-messages',
      '3',
    );
    assert.equal(code, 0);
    assert.deepEqual(sorted(stdout), ['one', 'three', 'two']);
    assert.equal(stderr, 'Processed a total of 3 messages\n');
  });

  it('headers, keys, nulls and codecs', async () => {
    for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
      const flags = ['--property', 'parse.key=true', '--property', 'parse.headers=true', '--sync'];
      const marker = ['--property', 'null.marker=NULL'];
      const codecs = ['--compression-codec', codec];
      const args = ['--topic', 'rich', ...flags, ...marker, ...codecs];
      assert.equal((await produce(`codec:${codec}\tk\tv\nh:1\tNULL\tNULL\n`, ...args)).code, 0);
    }
    const print = ['key', 'headers'].flatMap((what) => ['--property', `print.${what}=true`]);
    const { stdout } = await consume('--topic', 'rich', '--from-beginning', '--max-messages', '10', ...print);
    assert.deepEqual(sorted(stdout), [
      'codec:gzip\tk\tv',
      'codec:lz4\tk\tv',
      'codec:none\tk\tv',
      'codec:snappy\tk\tv',
      'codec:zstd\tk\tv',
      ...Array.from({ length: 5 }, () => 'h:1\tnull\tnull'),
    ]);
  });

  it('a group goes on behind what was printed', async () => {
    await produce('a\nb\nc\n', '--topic', 'steps');
    const one = (...more: string[]) =>
      consume('--topic', 'steps', '--group', 'walkers', '--from-beginning', '--max-messages', '1', ...more);
    const seen = [(await one()).stdout, (await one()).stdout, (await one()).stdout];
    assert.deepEqual(seen, ['a\n', 'b\n', 'c\n']);
    const { code, stdout, stderr } = await one('--timeout-ms', '1000');
    assert.deepEqual([code, stdout], [0, '']);
    assert.match(stderr, /ERROR Error processing message, terminating consumer process:/);
    assert.match(stderr, /^org\.apache\.kafka\.common\.errors\.TimeoutException$/m);
    assert.match(stderr, /^Processed a total of 0 messages$/m);
  });

  it('one partition from an offset, and topics by a pattern', async () => {
    await produce('a\nb\nc\n', '--topic', 'numbers-1');
    const partition = await consume(
      ...['--topic', 'numbers-1', '--partition', '0', '--offset', '1', '--max-messages', '2'],
    );
    assert.equal(partition.stdout, 'b\nc\n');
    const pattern = await consume('--include', 'numbers-.*', '--from-beginning', '--max-messages', '3');
    assert.equal(pattern.stdout, 'a\nb\nc\n');
  });

  it('a line that cannot be read ends the producer, what came before is sent', async () => {
    const { code, stderr } = await produce(
      'k\tv\nx\n',
      ...['--topic', 'halves', '--property', 'parse.key=true'],
    );
    assert.equal(code, 1);
    assert.equal(
      stderr,
      "org.apache.kafka.common.KafkaException: No key separator found on line number 2: 'x'\n",
    );
    assert.equal(
      (await consume('--topic', 'halves', '--from-beginning', '--max-messages', '1')).stdout,
      'v\n',
    );
  });

  it('the load tools send and read what was asked for', async () => {
    const { bootstrapServers } = cluster.broker;
    const sent = await runScript(launcher('kafka-producer-perf-test.sh'), [
      ...['--topic', 'load', '--num-records', '1000', '--record-size', '100', '--throughput', '-1'],
      ...['--producer-props', `bootstrap.servers=${bootstrapServers}`, 'acks=1', '--print-metrics'],
    ]);
    assert.match(
      sent.stdout,
      /^1000 records sent, [\d.]+ records\/sec \([\d.]+ MB\/sec\), .* ms 99\.9th\.$/m,
    );
    assert.match(
      sent.stdout,
      /^producer-metrics:record-send-total:\{client-id=perf-producer-client\} +: 1000\.000$/m,
    );
    const read = await runScript(launcher('kafka-consumer-perf-test.sh'), [
      ...at(),
      ...['--topic', 'load', '--messages', '1000'],
    ]);
    assert.equal(read.code, 0);
    assert.match(read.stdout, /^[\d-]+ [\d:]+, [\d-]+ [\d:]+, 0\.0954, [\d.]+, 1000, /m);
    const latency = await runScript(launcher('kafka-e2e-latency.sh'), [
      bootstrapServers,
      'trips',
      '3',
      'all',
      '10',
    ]);
    assert.match(
      latency.stdout,
      /^Topic "trips" does not exist\..*\n0\t.*\nAvg latency: [\d.]+ ms\nPercentiles: 50th = /,
    );
  });

  it('the verifiable tools tell of all that happens', async () => {
    const events = (stdout: string) =>
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    const sent = await runScript(launcher('kafka-verifiable-producer.sh'), [
      ...at(),
      ...['--topic', 'verified', '--max-messages', '3', '--repeating-keys', '2', '--value-prefix', '7'],
    ]);
    assert.deepEqual(
      events(sent.stdout).map(({ name, key, value, acked }) =>
        [name, key, value, acked].filter((x) => x !== undefined),
      ),
      [
        ['startup_complete'],
        ['producer_send_success', '0', '7.0'],
        ['producer_send_success', '1', '7.1'],
        ['producer_send_success', '0', '7.2'],
        ['shutdown_complete'],
        ['tool_data', 3],
      ],
    );
    const read = await runScript(launcher('kafka-verifiable-consumer.sh'), [
      ...at(),
      ...['--topic', 'verified', '--group-id', 'verifiers', '--max-messages', '3', '--verbose'],
    ]);
    const names = events(read.stdout).map(({ name }) => name);
    assert.deepEqual(
      new Set(names),
      new Set([
        'startup_complete',
        'partitions_assigned',
        'record_data',
        'records_consumed',
        'offsets_committed',
        'partitions_revoked',
        'shutdown_complete',
      ]),
    );
    assert.equal(names.filter((name) => name === 'record_data').length, 3);
  });

  it('an interrupt ends the consumer in an orderly way', { timeout: 30_000 }, async () => {
    await produce('first\n', '--topic', 'endless');
    const args = [...at(), '--topic', 'endless', '--from-beginning', '--enable-systest-events'];
    const child = spawn(process.execPath, [launcher('kafka-console-consumer.sh'), ...args], {
      stdio: 'pipe',
    });
    const printed = { out: '', err: '' };
    child.stderr.on('data', (bytes: Buffer) => {
      printed.err += bytes.toString();
    });
    const came = new Promise<void>((resolve) => {
      child.stdout.on('data', (bytes: Buffer) => {
        printed.out += bytes.toString();
        if (printed.out.includes('first\n')) resolve();
      });
    });
    await came;
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    assert.equal(code, 130);
    assert.deepEqual(printed, {
      out: 'first\nshutdown_complete\n',
      err: 'Processed a total of 1 messages\n',
    });
  });
});
