import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { alterReplicaLogDirsHandler } from '../../../../src/kafka/api/34-alter-replica-log-dirs.ts';
import { describeLogDirsHandler } from '../../../../src/kafka/api/35-describe-log-dirs.ts';
import { ErrorCode } from '../../../../src/wire/kafka/errors.ts';
import {
  AlterReplicaLogDirsRequest,
  AlterReplicaLogDirsResponse,
} from '../../../../src/wire/kafka/messages/34-alter-replica-log-dirs.ts';
import {
  DescribeLogDirsRequest,
  DescribeLogDirsResponse,
} from '../../../../src/wire/kafka/messages/35-describe-log-dirs.ts';
import { callHandler } from '../../../support/kafka/call-handler.ts';
import { PARTITION, ReplicaCluster, type ReplicaNode } from '../../../support/kafka/replica-cluster.ts';

const OPTIONS = { logDirs: ['/a', '/b'], log: { segmentBytes: 2000, fileDeleteDelayMs: 1000 } };

async function start(): Promise<ReplicaCluster> {
  return ReplicaCluster.start(2, OPTIONS);
}

const other = (logDir: string): string => (logDir === '/a' ? '/b' : '/a');

async function write(cluster: ReplicaCluster, leader: number, from: number, to: number): Promise<void> {
  const outcomes: { error: ErrorCode | 'waiting' }[] = [];
  for (let number = from; number < to; number++)
    outcomes.push(cluster.node(leader).append(`record ${number}`));
  await cluster.until('all are committed', () => outcomes.every(({ error }) => error === ErrorCode.NONE));
}

const expected = (count: number): string[] =>
  Array.from({ length: count }, (_, number) => `record ${number}`);

/** Asks for the move by the protocol; the error. */
async function move(node: ReplicaNode, path: string, partition = 0): Promise<number | undefined> {
  assert.ok(node.replicas !== undefined);
  const handler = alterReplicaLogDirsHandler({ moves: node.replicas.moves });
  const messages = { request: AlterReplicaLogDirsRequest, response: AlterReplicaLogDirsResponse };
  const dirs = [{ path, topics: [{ name: 't', partitions: [partition] }] }];
  const answer = await callHandler(handler, messages, 2, { dirs });
  return answer?.results[0]?.partitions[0]?.errorCode;
}

/** Where the logs of the partition are: directory, whether it is a copy under way, how much it lacks. */
async function described(node: ReplicaNode) {
  const handler = describeLogDirsHandler({ logs: node.logManager });
  const messages = { request: DescribeLogDirsRequest, response: DescribeLogDirsResponse };
  const answer = await callHandler(handler, messages, 4, { topics: null });
  return (answer?.results ?? []).flatMap(({ logDir, topics }) =>
    topics.flatMap(({ partitions }) =>
      partitions.map(({ isFutureKey, offsetLag }) => ({ logDir, isFutureKey, offsetLag })),
    ),
  );
}

for (const [role, id] of [
  ['leader', 1],
  ['follower', 2],
] as const) {
  describe(`a ${role} that is moved to another log directory`, () => {
    it('has everything there, and goes on', async () => {
      const cluster = await start();
      await write(cluster, 1, 0, 50);
      const node = cluster.node(id);
      const from = node.log.logDir;
      assert.equal(await move(node, other(from)), ErrorCode.NONE);
      assert.deepEqual(
        (await described(node)).toSorted((a) => (a.isFutureKey ? 1 : -1)),
        [
          { logDir: from, isFutureKey: false, offsetLag: 0 },
          { logDir: other(from), isFutureKey: true, offsetLag: 50 },
        ],
      );
      await cluster.until('it is there', () => node.log.logDir === other(from));
      assert.equal(node.log.directory, `${other(from)}/t-0`);
      assert.deepEqual(node.records, expected(50));
      await write(cluster, 1, 50, 60);
      for (const each of cluster.nodes) assert.deepEqual(each.records, expected(60));
      await cluster.run(1500);
      assert.deepEqual(
        node.disk.list(from).filter((name) => name.startsWith('t-')),
        [],
      );
      // After a restart the log is found there, with its epochs.
      const epoch = node.log.latestEpoch;
      await cluster.stopNode(id);
      await cluster.startNode(id);
      assert.deepEqual(
        [node.log.logDir, node.log.latestEpoch, node.records],
        [other(from), epoch, expected(60)],
      );
      await cluster.close();
    });

    it('keeps up with what is appended meanwhile', async () => {
      const cluster = await start();
      await write(cluster, 1, 0, 20);
      const node = cluster.node(id);
      const to = other(node.log.logDir);
      assert.equal(await move(node, to), ErrorCode.NONE);
      const outcomes: { error: ErrorCode | 'waiting' }[] = [];
      for (let number = 20; number < 60; number++) {
        outcomes.push(cluster.node(1).append(`record ${number}`));
        await cluster.settled();
        if (number % 5 === 0) await cluster.run(10);
      }
      await cluster.until('it is there', () => node.log.logDir === to);
      await cluster.until('all are committed', () => outcomes.every(({ error }) => error === ErrorCode.NONE));
      assert.deepEqual(node.records, expected(60));
      await cluster.close();
    });
  });
}

describe('a move between log directories', () => {
  it('is refused where it cannot be', async () => {
    const cluster = await start();
    const node = cluster.node(1);
    assert.equal(await move(node, '/nowhere'), ErrorCode.LOG_DIR_NOT_FOUND);
    assert.equal(await move(node, node.log.logDir), ErrorCode.NONE);
    assert.equal(await move(node, '/a', 7), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    node.disks.break(other(node.log.logDir));
    assert.throws(() => node.logManager.createFuture(node.log, other(node.log.logDir)));
    await cluster.run(10);
    assert.equal(await move(node, other(node.log.logDir)), ErrorCode.KAFKA_STORAGE_ERROR);
    await cluster.close();
  });

  it('goes on after a restart', async () => {
    const cluster = await start();
    await write(cluster, 1, 0, 30);
    const node = cluster.node(2);
    const to = other(node.log.logDir);
    assert.equal(await move(node, to), ErrorCode.NONE);
    await cluster.stopNode(2);
    assert.ok(node.disk.list(to).some((name) => name.endsWith('-future')));
    await cluster.startNode(2);
    await cluster.until('it is there', () => node.log.logDir === to);
    assert.deepEqual(node.records, expected(30));
    assert.ok(!node.disk.list(to).some((name) => name.endsWith('-future')));
    await cluster.close();
  });

  it('is given up when the replica is wanted where it is', async () => {
    const cluster = await start();
    await write(cluster, 1, 0, 30);
    const node = cluster.node(1);
    const from = node.log.logDir;
    assert.equal(await move(node, other(from)), ErrorCode.NONE);
    assert.equal(await move(node, from), ErrorCode.NONE);
    await cluster.run(1500);
    assert.deepEqual(await described(node), [{ logDir: from, isFutureKey: false, offsetLag: 0 }]);
    assert.deepEqual(
      node.disk.list(other(from)).filter((name) => name.startsWith('t-')),
      [],
    );
    assert.deepEqual(node.records, expected(30));
    await cluster.close();
  });

  it('cuts the copy with the log', async () => {
    const cluster = await start();
    await write(cluster, 1, 0, 10);
    cluster.cut(1, 2);
    for (let number = 0; number < 10; number++) cluster.node(1).append('lost', 1);
    const node = cluster.node(1);
    const to = other(node.log.logDir);
    assert.equal(await move(node, to), ErrorCode.NONE);
    // It copies, and in the middle of that has to follow a leader with another history.
    await cluster.settled();
    cluster.elect(2, { isr: [2] });
    cluster.heal();
    await write(cluster, 2, 10, 15);
    await cluster.until('it is there', () => node.log.logDir === to);
    await cluster.until('it has caught up', () => node.log.logEndOffset === 15);
    assert.deepEqual(node.records, expected(15));
    await cluster.close();
  });

  it('waits for nobody when a replica is deleted', async () => {
    const cluster = await start();
    await write(cluster, 1, 0, 10);
    const node = cluster.node(1);
    assert.equal(await move(node, other(node.log.logDir)), ErrorCode.NONE);
    const stopped = node.replicas?.applyStopReplica({
      kind: 'stopReplica',
      controllerId: 9,
      controllerEpoch: 1,
      brokerEpoch: node.epoch,
      partitions: [{ ...PARTITION, leaderEpoch: -2, deletePartition: true }],
    });
    assert.equal(stopped?.partitions[0]?.errorCode, ErrorCode.NONE);
    await cluster.run(1500);
    for (const logDir of ['/a', '/b']) {
      assert.deepEqual(
        node.disk.list(logDir).filter((name) => name.startsWith('t-')),
        [],
      );
    }
  });
});
