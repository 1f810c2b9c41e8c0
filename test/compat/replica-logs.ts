import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Broker, KafkaCluster, PartitionState } from '../../tools/peers/kafka-cluster.ts';
import { until } from '../../tools/until.ts';

/** The bytes of a replica's log, one segment after the other; where segments begin is each replica's own affair. */
function logOf({ logDirs }: Broker, { topic, partition }: PartitionState): { bytes: number; sum: string } {
  const dir = logDirs.map((parent) => join(parent, `${topic}-${partition}`)).find((path) => existsSync(path));
  const hash = createHash('sha256');
  let bytes = 0;
  for (const name of dir === undefined ? [] : readdirSync(dir).sort()) {
    if (!name.endsWith('.log')) continue;
    const content = readFileSync(join(dir ?? '', name));
    bytes += content.length;
    hash.update(content);
  }
  return { bytes, sum: hash.digest('hex') };
}

/**
 * Waits until all replicas have all that their leaders have, which is when nobody writes, and fails unless their
 * segments hold the same bytes; a line that says what was compared.
 */
export async function assertSameLogs(cluster: KafkaCluster): Promise<string> {
  await cluster.inSync();
  const partitions = await cluster.partitions();
  let total = 0;
  for (const state of partitions) {
    const name = `${state.topic}-${state.partition}`;
    const logs = () => state.replicas.map((id) => logOf(cluster.broker(id), state));
    const sizes = () => logs().map(({ bytes }) => bytes);
    await until(`the replicas of ${name} have the same size`, () => new Set(sizes()).size === 1).catch(
      (error: unknown) => {
        throw new Error(`${name} on ${state.replicas}: ${sizes()} bytes`, { cause: error });
      },
    );
    const found = logs();
    assert.equal(new Set(found.map(({ sum }) => sum)).size, 1, `the replicas of ${name} differ`);
    total += found[0]?.bytes ?? 0;
  }
  return `${partitions.length} partitions of ${(total / 1e6).toFixed(1)} MB byte-identical on all replicas`;
}
