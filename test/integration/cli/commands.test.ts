import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { launcher, runScript } from '../../support/command.ts';
import { type RunningCluster, startCluster } from '../../support/kafka/real-broker.ts';
import { memoryEnv } from '../../support/memory-env.ts';

/** The bundled commands upon a broker of ours; their outputs are held against Apache's in test/compat/our-tools. */
describe('commands about topics, groups and configurations', () => {
  let cluster: RunningCluster;
  before(async () => {
    cluster = await startCluster(memoryEnv());
  });
  after(() => cluster[Symbol.asyncDispose]());

  const run = async (command: string, line: string) => {
    const at = cluster.broker.bootstrapServers;
    const args = line.replaceAll('{zk}', cluster.zookeeper.address).split(' ');
    const where = line.includes('{zk}') ? [] : ['--bootstrap-server', at];
    return runScript(launcher(`${command}.sh`), [...where, ...args]);
  };
  const shown = async (command: string, line: string) => {
    const { code, stdout, stderr } = await run(command, line);
    assert.equal(code, 0, stderr + stdout);
    return stdout;
  };

  it('creates, describes, alters and deletes a topic, found by a broker or by ZooKeeper', async () => {
    const create = '--create --topic orders --partitions 2 --replication-factor 1';
    assert.equal(await shown('kafka-topics', `--zookeeper {zk} ${create}`), 'Created topic orders.\n');
    assert.equal(await shown('kafka-topics', '--zookeeper {zk} --list'), 'orders\n');
    await shown('kafka-topics', '--alter --topic orders --partitions 3');
    const described = await shown('kafka-topics', '--describe --topic orders');
    assert.match(described, /^Topic: orders\tTopicId: \S{22}\tPartitionCount: 3\tReplicationFactor: 1\t/);
    assert.equal(described.trimEnd().split('\n').length, 4);
    const again = await run('kafka-topics', create);
    assert.equal(again.code, 1);
    assert.match(again.stdout, /^Error while executing topic command : Topic 'orders' already exists\.$/m);
    const offsets = await shown('kafka-get-offsets', '--topic orders');
    assert.equal(offsets, 'orders:0:0\norders:1:0\norders:2:0\n');
    const deleted = await shown('kafka-topics', '--zookeeper {zk} --delete --topic orders');
    assert.match(deleted, /^Topic orders is marked for deletion\.$/m);
  });

  it('sets configurations and quotas', async () => {
    await shown('kafka-topics', '--create --topic settings');
    const alter = '--alter --topic settings --add-config cleanup.policy=[compact,delete]';
    assert.equal(await shown('kafka-configs', alter), 'Completed updating config for topic settings.\n');
    const described = await shown('kafka-configs', '--describe --topic settings');
    assert.match(described, /^ {2}cleanup\.policy=compact,delete sensitive=false synonyms=\{DYNAMIC_TOPIC_/m);
    await shown('kafka-configs', '--alter --user ann --add-config producer_byte_rate=1024');
    const quotas = await shown('kafka-configs', '--describe --user ann');
    assert.equal(quotas, "Quota configs for user-principal 'ann' are producer_byte_rate=1024.0\n");
  });

  it('moves the offsets of a group that nobody is in', async () => {
    await shown('kafka-topics', '--create --topic read --partitions 2');
    const reset = '--reset-offsets --group readers --topic read --to-earliest --execute';
    assert.match(await shown('kafka-consumer-groups', reset), /readers +read +1 +0 /);
    assert.equal(await shown('kafka-consumer-groups', '--list'), 'readers\n');
    const described = await shown('kafka-consumer-groups', '--describe --group readers');
    assert.match(described, /^readers +read +0 +0 +0 +0 +- +- +-$/m);
    assert.match(await shown('kafka-consumer-groups', '--delete --group readers'), /was successful\.$/m);
  });

  it('runs one command of the shell of ZooKeeper', async () => {
    const args = [cluster.zookeeper.address, 'ls', '/brokers'];
    const { code, stdout } = await runScript(launcher('zookeeper-shell.sh'), args);
    assert.equal(code, 0);
    assert.match(stdout, /\[ids, seqid, topics\]/);
  });

  it('compares replicas until it is interrupted', { timeout: 30_000 }, async () => {
    await shown('kafka-topics', '--create --topic compared --partitions 2');
    const given = ['--topics-include', 'compared', '--report-interval-ms', '1', '--max-wait-ms', '10'];
    const args = ['--broker-list', cluster.broker.bootstrapServers, ...given];
    const child = spawn(process.execPath, [launcher('kafka-replica-verification.sh'), ...args]);
    const reported = new Promise<string>((resolve) => {
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (more: string) => {
        text += more;
        if (/partitions\n/.test(text)) resolve(text);
      });
    });
    const ended = once(child, 'close');
    const [started, report] = (await reported).split('\n');
    child.kill('SIGINT');
    assert.deepEqual(await ended, [130, null]);
    assert.match(started ?? '', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}: verification process is started$/);
    assert.match(report ?? '', /: max lag is 0 for partition compared-[01] at offset 0 among 2 partitions$/);
  });
});
