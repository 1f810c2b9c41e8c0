import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseOptions } from '../../../../src/cli/jopt/parse-options.ts';
import { verifyReplicas } from '../../../../src/cli/kafka/verify-replicas.ts';
import type { ReplicaVerificationOptions } from '../../../../src/cli/kafka-replica-verification.ts';
import { kafkaReplicaVerificationOptions } from '../../../../src/cli/options/kafka-replica-verification.ts';
import { ToolExit } from '../../../../src/cli/tool.ts';
import { Cluster } from '../../../../src/clients/kafka/cluster/cluster.ts';
import { Producer } from '../../../../src/clients/kafka/producer/producer.ts';
import { batchesIn } from '../../../../src/wire/kafka/records/batch.ts';
import { ClusterSimulation } from '../../../support/kafka/cluster-simulation.ts';

const TOPIC = 'ledger';
const LOG = `/kafka/${TOPIC}-0/00000000000000000000.log`;
const SERVERS = { bootstrapServers: 'broker-1:9092,broker-2:9092,broker-3:9092' };

/** Twelve records, each a batch of its own, that brokers 1, 2 and 3 have. */
async function withLedger(story: (servers: ClusterSimulation) => Promise<void>): Promise<void> {
  const servers = new ClusterSimulation(83);
  await servers.sim.run(async () => {
    await servers.start(3);
    await servers.createTopic(TOPIC, [[1, 2, 3]]);
    await servers.createTopic('other', [
      [2, 1],
      [3, 1],
    ]);
    await append(servers, 12);
    await story(servers);
    servers.end();
  });
}

async function append(servers: ClusterSimulation, count: number): Promise<void> {
  await using producer = new Producer<string, string>(servers.sim.host('producer').env, SERVERS);
  for (let index = 0; index < count; index++) {
    await producer.send({ topic: TOPIC, partition: 0, value: `entry ${index}` });
  }
}

const inSync = (servers: ClusterSimulation) =>
  servers.until('all in sync', async () => (await servers.partitions(TOPIC))[0]?.isr.length === 3);

/** What the tool prints, without its times, until `isOver` says that it is enough, or until the tool ends by itself. */
async function verify(
  servers: ClusterSimulation,
  line: string,
  isOver: (lines: readonly string[]) => boolean | Promise<boolean>,
): Promise<{ lines: string[]; failure: unknown }> {
  const args = ['--broker-list', SERVERS.bootstrapServers, ...line.split(' ')];
  const options: ReplicaVerificationOptions = parseOptions(kafkaReplicaVerificationOptions, args);
  const cluster = new Cluster(servers.sim.host('tool').env, SERVERS);
  const lines: string[] = [];
  const abort = new AbortController();
  let failure: unknown;
  const print = (text: string) => {
    assert.match(text, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}: /);
    lines.push(text.replace(/^.{23}: /, ''));
  };
  const running = verifyReplicas(cluster, options, { print, signal: abort.signal }).catch(
    (error: unknown) => {
      failure = error;
    },
  );
  await servers.until('enough', async () => failure !== undefined || (await isOver(lines)), 120_000);
  abort.abort();
  await running;
  cluster.close();
  return { lines, failure: failure === abort.signal.reason ? undefined : failure };
}

const reports = (lines: readonly string[]) => lines.filter((line) => line.startsWith('max lag'));
const differing = (lines: readonly string[]) => lines.filter((line) => line.includes('match'));

/** Stops a broker in good order, changes the bytes of its replica and starts it again. */
async function edit(servers: ClusterSimulation, id: number, change: (log: Buffer) => Buffer): Promise<void> {
  await servers.stop(id);
  const { disk } = servers.host(id).restart();
  const changed = change(disk.readFile(LOG));
  const file = disk.open(LOG, 'write');
  file.truncate(0);
  file.write([changed], 0);
  await file.sync();
  file.close();
  await servers.startBroker(id);
  await inSync(servers);
}

describe('kafka-replica-verification', () => {
  it('finds nothing where all replicas agree, and follows what is written', async () => {
    await withLedger(async (servers) => {
      const { lines, failure } = await verify(
        servers,
        '--time -2 --report-interval-ms 2000 --max-wait-ms 100 --topics-include ledger|other',
        (printed) => reports(printed).length >= 2,
      );
      assert.equal(failure, undefined);
      assert.deepEqual(differing(lines), []);
      assert.equal(lines[0], 'verification process is started');
      const [last] = reports(lines).slice(-1);
      assert.match(last ?? '', /^max lag is 0 for partition \w+-\d at offset \d+ among 3 partitions$/);

      const ends = new Set<string>();
      await verify(
        servers,
        '--report-interval-ms 500 --max-wait-ms 100 --topics-include ledger',
        async (printed) => {
          const report = reports(printed).at(-1);
          if (report !== undefined && !ends.has(report)) {
            ends.add(report);
            if (ends.size === 1) await append(servers, 3);
          }
          return report?.includes('at offset 15') === true && report.includes('lag is 0');
        },
      );
      assert.ok(ends.has('max lag is 0 for partition ledger-0 at offset 12 among 1 partitions'));
    });
  });

  it('names offset, replicas and checksums where one has other bytes', async () => {
    await withLedger(async (servers) => {
      const checksums: number[] = [];
      await edit(servers, 3, (log) => {
        const batch = [...batchesIn(log)][4];
        assert.ok(batch !== undefined);
        checksums.push(batch.crc);
        batch.buffer[batch.end - 2] = 0x21;
        batch.updateCrc();
        checksums.push(batch.crc);
        return log;
      });
      const { lines, failure } = await verify(
        servers,
        '--time -2 --report-interval-ms 1000 --max-wait-ms 100 --topics-include ledger',
        (printed) => reports(printed).length > 0,
      );
      assert.equal(failure, undefined);
      assert.deepEqual(differing(lines), [
        `partition ledger-0 has unmatched checksum at offset 4; replica 1's checksum ${checksums[0]}; replica 3's checksum ${checksums[1]}`,
      ]);
      assert.equal(reports(lines)[0], 'max lag is 0 for partition ledger-0 at offset 12 among 1 partitions');
    });
  });

  it('ends where a replica lacks a batch', async () => {
    await withLedger(async (servers) => {
      await edit(servers, 2, (log) => {
        const gone = [...batchesIn(log)][6];
        assert.ok(gone !== undefined);
        return Buffer.concat([log.subarray(0, gone.start), log.subarray(gone.end)]);
      });
      const { lines, failure } = await verify(servers, '--time -2 --max-wait-ms 100', () => false);
      assert.ok(failure instanceof ToolExit, String(failure));
      assert.equal(failure.exitCode, 1);
      assert.deepEqual(differing(lines), [
        "partition ledger-0: replica 1's offset 6 doesn't match replica 2's offset 7",
      ]);
    });
  });

  it('waits for a broker that is away', async () => {
    await withLedger(async (servers) => {
      let step: 'up' | 'down' | 'again' = 'up';
      const { lines, failure } = await verify(
        servers,
        '--report-interval-ms 500 --max-wait-ms 100 --topics-include ledger',
        async (printed) => {
          const report = reports(printed).at(-1);
          if (step === 'up' && report !== undefined) {
            step = 'down';
            servers.kill(3);
            await append(servers, 5);
          } else if (step === 'down' && report?.includes('lag is 5') === true) {
            assert.equal(report, 'max lag is 5 for partition ledger-0 at offset 12 among 1 partitions');
            step = 'again';
            await servers.startBroker(3);
          }
          return step === 'again' && report?.includes('lag is 0') === true;
        },
      );
      assert.equal(failure, undefined);
      assert.deepEqual(differing(lines), []);
      assert.equal(
        reports(lines).at(-1),
        'max lag is 0 for partition ledger-0 at offset 17 among 1 partitions',
      );
    });
  });

  it('begins at a time, and refuses one after the last record or before all', async () => {
    await withLedger(async (servers) => {
      const at = (time: string) =>
        verify(
          servers,
          `--time ${time} --report-interval-ms 500 --max-wait-ms 100 --topics-include ledger`,
          (printed) => reports(printed).length > 0,
        );
      assert.match(reports((await at('0')).lines)[0] ?? '', /lag is 0 .* at offset 12 /);
      const late = (await at('9999999999999')).failure;
      assert.match(String(late), /partition ledger-0 has no record at or after 9999999999999/);
      const negative = (await at('-7')).failure;
      assert.match(
        String(negative),
        /target time for partition ledger-0 is -7\. The target time cannot be negative/,
      );
    });
  });

  it('says which broker must be started first', async () => {
    await withLedger(async (servers) => {
      servers.kill(2);
      await servers.until('gone', async () => {
        return (await servers.metadata(1)).brokers.every(({ nodeId }) => nodeId !== 2);
      });
      const { failure } = await verify(servers, '--topics-include ledger', () => false);
      assert.match(String(failure), /broker 2, which has replicas, is not alive: start it/);
    });
  });
});
