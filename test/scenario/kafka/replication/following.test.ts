import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../../../src/wire/kafka/errors.ts';
import { PARTITION, ReplicaCluster } from '../../../support/kafka/replica-cluster.ts';

const SEGMENT = '/data/t-0/00000000000000000000.log';

describe('a follower', () => {
  const protocols = ['0.11.0', '1.0', '1.1', '2.0', '2.1', '2.3', '2.6', '2.7', '2.8', '3.1', '3.5', '3.9'];
  for (const protocol of protocols) {
    it(`copies its leader, and cuts what a new one does not have, in protocol ${protocol}`, async () => {
      const cluster = await ReplicaCluster.start(2, { protocol });
      const first = cluster.node(1).append('a');
      await cluster.until('the first is committed', () => first.error === ErrorCode.NONE);
      // The leader alone has a second record when it loses the lead.
      cluster.cut(1, 2);
      cluster.node(1).append('lost', 1);
      await cluster.run(200);
      cluster.elect(2, { isr: [2] });
      cluster.node(2).append('b');
      cluster.node(2).append('c');
      cluster.heal();
      await cluster.until('the logs are equal', () => cluster.node(1).records.join() === 'a,b,c');
      await cluster.until('both are in sync', () => cluster.state.isr.length === 2);
      assert.deepEqual(cluster.node(1).disk.readFile(SEGMENT), cluster.node(2).disk.readFile(SEGMENT));
      await cluster.close();
    });
  }

  it('cuts its log in several steps when there were several leaders without it', async () => {
    const cluster = await ReplicaCluster.start(3);
    cluster.cut(1, 2);
    cluster.cut(1, 3);
    cluster.cut(2, 3);
    // Each of them leads for a while and is heard by nobody.
    for (const [leader, values] of [
      [1, 'pq'],
      [2, 'rst'],
      [1, 'u'],
      [3, 'v'],
      [1, 'w'],
    ] as const) {
      cluster.elect(leader, { isr: [leader] });
      for (const value of values) cluster.node(leader).append(value, 1);
      await cluster.run(20);
    }
    cluster.heal();
    await cluster.until('all have what the last leader has', () =>
      cluster.nodes.every(({ records }) => records.join('') === 'pquw'),
    );
    const [one, two, three] = cluster.nodes.map(({ disk }) => disk.readFile(SEGMENT));
    assert.deepEqual([two, three], [one, one]);
    await cluster.close();
  });

  it('starts where the leader’s log starts when it has been away for long', async () => {
    const cluster = await ReplicaCluster.start(2);
    const first = cluster.node(1).append('a');
    await cluster.until('the first is committed', () => first.error === ErrorCode.NONE);
    await cluster.stopNode(2);
    cluster.elect(1, { isr: [1] });
    for (const value of 'bcdef') cluster.node(1).append(value);
    cluster.node(1).log.maybeIncrementLogStartOffset(4, 'the test');
    await cluster.startNode(2);
    await cluster.until('it has what is left', () => cluster.node(2).records.join('') === 'ef');
    assert.equal(cluster.node(2).log.logStartOffset, 4);
    await cluster.until('it is in sync', () => cluster.state.isr.length === 2);
    await cluster.close();
  });

  it('cuts its log to the end of a leader that has less, when nothing is known of epochs', async () => {
    const cluster = await ReplicaCluster.start(2, { protocol: '0.10.2' });
    const outcomes = ['a', 'b', 'c'].map((value) => cluster.node(1).append(value));
    await cluster.until('all are committed', () => outcomes.every(({ error }) => error === ErrorCode.NONE));
    await cluster.run(600);
    // An unclean election: the new leader has lost two of three.
    await cluster.stopNode(1);
    await cluster.stopNode(2, { durableEnd: 1 });
    await cluster.startNode(2);
    cluster.elect(2, { isr: [2] });
    await cluster.startNode(1);
    await cluster.until('the logs are equal', () => cluster.node(1).records.join('') === 'a');
    await cluster.close();
  });

  it('raises its log start and its high watermark with the leader', async () => {
    const cluster = await ReplicaCluster.start(2);
    const outcomes = ['a', 'b', 'c'].map((value) => cluster.node(1).append(value));
    await cluster.until('all are committed', () => outcomes.every(({ error }) => error === ErrorCode.NONE));
    await cluster.until('the follower knows', () => cluster.node(2).log.highWatermark === 3);
    let deleted: readonly unknown[] | undefined;
    const answer = cluster.node(1).replicas?.deleteRecords(5000, [{ topicPartition: PARTITION, offset: 2 }]);
    assert.ok(answer instanceof Promise, 'nobody waits for the follower');
    answer.then((results) => {
      deleted = results;
    });
    await cluster.until('both have deleted', () => deleted !== undefined);
    assert.deepEqual(deleted, [{ error: ErrorCode.NONE, lowWatermark: 2 }]);
    assert.equal(cluster.node(2).log.logStartOffset, 2);
    await cluster.close();
  });

  it('is not waited for by DeleteRecords once it is dead', async () => {
    const cluster = await ReplicaCluster.start(2);
    const first = cluster.node(1).append('a');
    await cluster.until('the first is committed', () => first.error === ErrorCode.NONE);
    cluster.cut(1, 2);
    const answer = cluster
      .node(1)
      .replicas?.deleteRecords(60_000, [{ topicPartition: PARTITION, offset: -1 }]);
    assert.ok(answer instanceof Promise);
    let deleted: readonly unknown[] | undefined;
    answer.then((results) => {
      deleted = results;
    });
    await cluster.run(300);
    assert.equal(deleted, undefined);
    await cluster.stopNode(2);
    await cluster.settled();
    assert.deepEqual(deleted, [{ error: ErrorCode.NONE, lowWatermark: 1 }]);
    await cluster.close();
  });

  it('rolls its segments where the leader does', async () => {
    const cluster = await ReplicaCluster.start(2, { log: { segmentBytes: 300 } });
    cluster.cut(1, 2);
    for (let number = 0; number < 20; number++) cluster.node(1).append(`value ${number}`, 1);
    await cluster.run(100);
    cluster.heal();
    await cluster.until('the logs are equal', () => cluster.node(2).log.logEndOffset === 20);
    const files = (id: number) =>
      cluster
        .node(id)
        .disk.list('/data/t-0')
        .filter((name) => name.endsWith('.log'))
        .map((name) => [name, cluster.node(id).disk.readFile(`/data/t-0/${name}`).toString('hex')]);
    assert.ok(files(1).length > 3);
    assert.deepEqual(files(2), files(1));
    await cluster.close();
  });
});

describe('a follower with smaller segments than its leader', () => {
  it('takes batch by batch what is too much for one of them', async () => {
    const cluster = await ReplicaCluster.start(2, { log: { segmentBytes: 10_000 } });
    cluster.cut(1, 2);
    for (let number = 0; number < 20; number++) cluster.node(1).append(`value ${number}`, 1);
    const { log } = cluster.node(2);
    log.updateConfig({ ...log.config, segmentBytes: 300 });
    cluster.heal();
    await cluster.until('it has everything', () => log.logEndOffset === 20);
    assert.deepEqual(cluster.node(2).records, cluster.node(1).records);
    assert.ok(log.segmentCount > 3);
    await cluster.close();
  });
});

describe('an ISR', () => {
  it('loses a follower that hangs, and takes it in again when it has caught up', async () => {
    const cluster = await ReplicaCluster.start(3, { replicaLagTimeMaxMs: 1000 });
    cluster.cut(1, 3);
    const outcome = cluster.node(1).append('a');
    await cluster.run(900);
    assert.equal(outcome.error, 'waiting');
    await cluster.until('it is out', () => cluster.state.isr.join() === '1,2');
    await cluster.until('the record is committed', () => outcome.error === ErrorCode.NONE);
    cluster.heal();
    await cluster.until('it is in', () => cluster.state.isr.join() === '1,2,3');
    await cluster.close();
  });

  it('keeps a follower that fetches nothing because there is nothing', async () => {
    const cluster = await ReplicaCluster.start(2, { replicaLagTimeMaxMs: 1000 });
    await cluster.run(5000);
    assert.deepEqual(cluster.state.isr, [1, 2]);
    await cluster.close();
  });

  it('is asked for again when the controller does not answer, and not while it has not', async () => {
    const cluster = await ReplicaCluster.start(2, { replicaLagTimeMaxMs: 1000 });
    cluster.controllerHangs = true;
    cluster.cut(1, 2);
    const outcome = cluster.node(1).append('a');
    await cluster.run(5000);
    assert.equal(outcome.error, 'waiting');
    assert.equal(cluster.node(1).partition.leadership?.isrState.kind, 'shrinking');
    await cluster.controllerGoesOn();
    await cluster.until('the record is committed', () => outcome.error === ErrorCode.NONE);
    assert.deepEqual(cluster.state.isr, [1]);
    await cluster.close();
  });

  it('of too few members commits nothing', async () => {
    const cluster = await ReplicaCluster.start(2, { replicaLagTimeMaxMs: 1000, minInsyncReplicas: 2 });
    cluster.cut(1, 2);
    const outcome = cluster.node(1).append('a');
    await cluster.until('the follower is out', () => cluster.state.isr.length === 1);
    await cluster.run(500);
    assert.equal(outcome.error, 'waiting');
    assert.equal(cluster.node(1).append('b').error, ErrorCode.NOT_ENOUGH_REPLICAS);
    cluster.heal();
    await cluster.until('the record is committed', () => outcome.error === ErrorCode.NONE);
    await cluster.close();
  });
});
