import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launcher, runScript } from '../../support/command.ts';
import { type RunningCluster, startCluster } from '../../support/kafka/real-broker.ts';
import { memoryEnv } from '../../support/memory-env.ts';

const script = launcher('streamkeeper');

describe('streamkeeper', () => {
  let cluster: RunningCluster;
  before(async () => {
    cluster = await startCluster(memoryEnv());
  });
  after(() => cluster[Symbol.asyncDispose]());

  const run = (...args: string[]) =>
    runScript(script, args, {
      env: {
        KAFKA_BOOTSTRAP_SERVERS: cluster.broker.bootstrapServers,
        ZOOKEEPER_CONNECT: cluster.zookeeper.address,
      },
    });
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args, '--json');
    assert.equal(stderr, '');
    return { code, value: JSON.parse(stdout) as unknown };
  };

  it('topics from their creation to their end', async () => {
    const created = await run('topic', 'create', 'orders', 'bills', '-p', '3', '-c', 'retention.ms=1000');
    assert.deepEqual(created, { code: 0, stdout: 'created topic orders\ncreated topic bills\n', stderr: '' });
    const again = await run('topic', 'create', 'orders');
    assert.equal(again.code, 1);
    assert.match(again.stderr, /^error: topic orders: .*TOPIC_ALREADY_EXISTS/);
    assert.equal((await run('topic', 'create', 'orders', '--if-not-exists')).code, 0);
    const listed = await run('topic', 'list');
    assert.equal(
      listed.stdout,
      'TOPIC   PARTITIONS  REPLICAS\nbills            3         1\norders           3         1\n',
    );
    assert.equal((await run('topic', 'alter', 'bills', '-p', '4', '-d', 'retention.ms')).code, 0);
    const { value } = await json('topic', 'describe', 'bills');
    const [bills] = (value as { topics: { configs: object; partitions: { isr: number[] }[] }[] }).topics;
    assert.deepEqual(bills?.configs, {});
    assert.deepEqual(
      bills?.partitions.map(({ isr }) => isr),
      [[0], [0], [0], [0]],
    );
    assert.equal((await run('topic', 'trim', 'bills', '--before', '-1')).code, 0);
    const deleted = await json('topic', 'delete', 'bills', 'nothing');
    assert.equal(deleted.code, 1);
    assert.deepEqual(
      (deleted.value as { topics: { name: string; error: { code: string } | null }[] }).topics.map(
        ({ name, error }) => [name, error?.code],
      ),
      [
        ['bills', undefined],
        ['nothing', 'UNKNOWN_TOPIC_OR_PARTITION'],
      ],
    );
  });

  it('configurations are set and unset', async () => {
    await run('topic', 'create', 'settings');
    assert.equal((await run('config', 'set', 'topic', 'settings', 'retention.ms=5')).code, 0);
    const { stdout } = await run('config', 'describe', 'topic', 'settings');
    assert.match(stdout, /^retention\.ms {2}5 +DYNAMIC_TOPIC_CONFIG$/m);
    assert.equal((await run('config', 'unset', 'topic', 'settings', 'retention.ms')).code, 0);
    assert.equal((await run('config', 'set', 'topic', 'settings', 'no.such=5')).code, 1);
    assert.equal((await run('config', 'describe', 'planet', 'mars')).code, 2);
  });

  it('records go in and come out, alone and in groups', async () => {
    await run('topic', 'create', 'records', '-p', '1');
    assert.equal((await run('produce', 'records', 'one', 'two', '-k', 'a', '-H', 'h=1')).code, 0);
    const lines = await runScript(script, ['produce', 'records', '-K', ':', '--json'], {
      env: { KAFKA_BOOTSTRAP_SERVERS: cluster.broker.bootstrapServers },
      input: 'b:three\nfour\n',
    });
    assert.deepEqual(
      lines.stdout
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { offset: number }).offset),
      [2, 3],
    );
    const all = await run('consume', 'records', '-e', '-f', '%o %k %s %h\\n');
    assert.deepEqual([all.code, all.stdout], [0, '0 a one h=1\n1 a two h=1\n2 b three \n3  four \n']);
    assert.equal((await run('consume', 'records', '-e', '-o', '-1')).stdout, 'four\n');
    assert.equal(
      (await run('consume', 'records', '-g', 'readers', '-o', 'beginning', '-n', '1')).stdout,
      'one\n',
    );
    const { value } = await json('group', 'describe', 'readers');
    const [group] = (value as { groups: { partitions: { committed: number; lag: number }[] }[] }).groups;
    assert.deepEqual(
      group?.partitions.map(({ committed, lag }) => [committed, lag]),
      [[1, 3]],
    );
    assert.equal((await run('group', 'reset', 'readers', '--to', '3')).code, 0);
    assert.equal((await run('consume', 'records', '-g', 'readers', '-n', '1')).stdout, 'four\n');
    assert.match(
      (await run('group', 'list', '--state', 'Empty')).stdout,
      /^readers +Classic +consumer +Empty$/m,
    );
    assert.equal((await run('group', 'delete', 'readers')).code, 0);
    const gone = await run('group', 'delete', 'readers');
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /GROUP_ID_NOT_FOUND/);
  });

  it('the cluster is described', async () => {
    const { value } = await json('cluster');
    const { controllerId, brokers } = value as { controllerId: number; brokers: { id: number }[] };
    assert.equal(controllerId, 0);
    assert.deepEqual(
      brokers.map(({ id }) => id),
      [0],
    );
  });

  it('nodes of ZooKeeper from their creation to their end', async () => {
    assert.equal((await run('zk', 'create', '/a/b/c', 'one', '--parents')).stdout, '/a/b/c\n');
    assert.equal((await run('zk', 'get', '/a/b/c')).stdout, 'one\n');
    assert.equal((await run('zk', 'set', '/a/b/c', 'two', '-v', '0')).code, 0);
    const { value } = await json('zk', 'get', '/a/b/c');
    assert.equal((value as { data: string }).data, 'two');
    assert.equal((await run('zk', 'ls', '/a', '-R')).stdout, '/a\n/a/b\n/a/b/c\n');
    assert.match((await run('zk', 'stat', '/a/b/c')).stdout, /^version +1$/m);
    assert.equal((await run('zk', 'delete', '/a', '-R')).code, 0);
    const gone = await json('zk', 'get', '/a');
    assert.equal(gone.code, 1);
    assert.equal((gone.value as { error: { code: string } }).error.code, 'NONODE');
    assert.match((await run('zk', 'status')).stdout, /standalone/);
  });

  it('the doctor finds nothing wrong, and what is', async () => {
    const well = await json('doctor', '--probe-clock');
    const { ok, findings } = well.value as { ok: boolean; findings: { check: string; verdict: string }[] };
    assert.deepEqual([well.code, ok], [0, true]);
    assert.deepEqual(
      findings.map(({ check, verdict }) => `${check} ${verdict}`),
      [
        'addresses ok',
        'brokers ok',
        'controller ok',
        'versions ok',
        'partitions ok',
        'quorum ok',
        'clocks ok',
        'clocks ok',
      ],
    );
    const ill = await run('doctor', '-b', '127.0.0.1:1', '-z', '127.0.0.1:1', '--timeout', '500');
    assert.equal(ill.code, 1);
    assert.match(ill.stdout, /^PROBLEM {2}addresses {2}bootstrap server 127\.0\.0\.1:1: does not connect/);
    assert.match(ill.stdout, /-> nothing listens there/);
  });

  it('wrong command lines are told apart from failures', async () => {
    const mistyped = await run('tpoic', 'list');
    assert.equal(mistyped.code, 2);
    assert.match(mistyped.stderr, /unknown command 'tpoic'\n\(Did you mean topic\?\)/);
    assert.deepEqual(await json('topic', 'list', '--nope'), {
      code: 2,
      value: { error: { code: 'USAGE', message: "unknown option '--nope'" } },
    });
    assert.equal((await run('topic', 'alter', 'x')).code, 2);
    assert.equal((await run('topic', 'list', '-X', 'request.timeout.ms=soon')).code, 2);
    assert.equal((await run('--help')).code, 0);
  });
});
