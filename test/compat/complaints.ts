import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import type { KafkaCluster } from '../../tools/peers/kafka-cluster.ts';

/** What Apache's broker says of requests and answers that it cannot make sense of; not of brokers that are gone. */
const COMPLAINT =
  /(Schema|InvalidRequest|UnsupportedVersion|CorruptRecord|InvalidRecord|UnknownServer|BufferUnderflow|IllegalArgument|IllegalState)Exception/;

/** Fails when a broker of Apache's has found something wrong with what others said to it. */
export function assertNoComplaints(cluster: KafkaCluster): void {
  for (const broker of cluster.brokers) {
    const path = cluster.logFile(broker, 'apache');
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    const found = lines.filter((line) => COMPLAINT.test(line));
    assert.deepEqual(found.slice(0, 5), [], `broker ${broker.id} complains`);
  }
}
