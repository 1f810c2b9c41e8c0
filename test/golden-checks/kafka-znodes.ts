import assert from 'node:assert/strict';
import { propertiesOrder, scalaHashMapOrder } from '../../src/kafka/zk/hash-order.ts';
import { decodeBrokerId, encodeBrokerId } from '../../src/kafka/zk/znodes/broker-id.ts';
import { decodeClusterId, encodeClusterId } from '../../src/kafka/zk/znodes/cluster-id.ts';
import { decodeConfigChange, encodeConfigChange } from '../../src/kafka/zk/znodes/config-change.ts';
import { decodeController, encodeController } from '../../src/kafka/zk/znodes/controller.ts';
import { decodeControllerEpoch, encodeControllerEpoch } from '../../src/kafka/zk/znodes/controller-epoch.ts';
import { decodeEntityConfig, encodeEntityConfig } from '../../src/kafka/zk/znodes/entity-config.ts';
import { decodeFeature, encodeFeature } from '../../src/kafka/zk/znodes/feature.ts';
import { decodeIsrChange, encodeIsrChange } from '../../src/kafka/zk/znodes/isr-change.ts';
import { decodeLogDirEvent, encodeLogDirEvent } from '../../src/kafka/zk/znodes/log-dir-event.ts';
import { decodePartitionState, encodePartitionState } from '../../src/kafka/zk/znodes/partition-state.ts';
import { decodeProducerIdBlock, encodeProducerIdBlock } from '../../src/kafka/zk/znodes/producer-id-block.ts';
import { decodeTopic, encodeTopic } from '../../src/kafka/zk/znodes/topic.ts';
import type { GoldenCase, GoldenCheck } from './check.ts';

interface Znode {
  path: string;
  data?: string | null;
}

interface HashOrder {
  kind: string;
  inserted: string[];
  iterated: string[];
}

/** Writes again what the node's module has read from `data`. */
type Rewrite = (path: string, data: Buffer) => Buffer;

/** The stamp of a node that holds the time of its writing. */
function timestamp(data: Buffer): number {
  return Number(JSON.parse(data.toString()).timestamp);
}

const rewriters: readonly [RegExp, Rewrite][] = [
  [/^\/controller$/, (_, data) => encodeController(decodeController(data).brokerId, timestamp(data))],
  [/^\/controller_epoch$/, (_, data) => encodeControllerEpoch(decodeControllerEpoch(data))],
  [/^\/cluster\/id$/, (_, data) => encodeClusterId(decodeClusterId(data))],
  [/^\/feature$/, (_, data) => encodeFeature(decodeFeature(data))],
  [
    /^\/brokers\/ids\/\d+$/,
    (path, data) => encodeBrokerId(decodeBrokerId(Number(path.split('/')[3]), data), timestamp(data)),
  ],
  [/^\/brokers\/topics\/[^/]+$/, (path, data) => encodeTopic(decodeTopic(path.split('/')[3] ?? '', data))],
  [
    /^\/brokers\/topics\/[^/]+\/partitions\/\d+\/state$/,
    (path, data) => encodePartitionState(decodePartitionState(path, data)),
  ],
  [/^\/config\/changes\//, (path, data) => encodeConfigChange(decodeConfigChange(path, data))],
  [
    /^\/config\/(topics|brokers|clients|users|ips)\//,
    (path, data) => encodeEntityConfig(decodeEntityConfig(path, data)),
  ],
  [/^\/latest_producer_id_block$/, (_, data) => encodeProducerIdBlock(decodeProducerIdBlock(data))],
  [/^\/isr_change_notification\//, (path, data) => encodeIsrChange(decodeIsrChange(path, data))],
  [/^\/log_dir_event_notification\//, (path, data) => encodeLogDirEvent(decodeLogDirEvent(path, data))],
];

/** Nodes of the authorizer, which has its own modules. */
const elsewhere = /^\/kafka-acl/;

/** Every write of the recorded session that carries data, as path below the chroot and data. */
function writesOf(record: unknown): Znode[] {
  const { op, record: body } = record as {
    op?: string;
    record?: { path?: string; data?: string; txns?: unknown[] };
  };
  if (op === 'multi') return (body?.txns ?? []).flatMap(writesOf);
  if ((op === 'create' || op === 'setData') && body?.path !== undefined) {
    return [{ path: body.path.replace(/^\/(kafka|ibp26)(?=\/|$)/, ''), data: body.data ?? null }];
  }
  return [];
}

function checkNode(path: string, data: string): void {
  const rewrite = rewriters.find(([pattern]) => pattern.test(path))?.[1];
  assert.ok(rewrite, `no module for ${path}`);
  assert.equal(rewrite(path, Buffer.from(data)).toString(), data);
}

/** Every node with data is written back byte for byte by its module. */
function* rewriting(nodes: readonly Znode[]): Generator<GoldenCase> {
  for (const { path, data } of nodes) {
    if (data === undefined || data === null || elsewhere.test(path)) continue;
    // Brokers register in version 5 since Kafka 2.7; older ones are read, not written.
    const isOld = path.startsWith('/brokers/ids/') && JSON.parse(data).version !== 5;
    const run = () =>
      isOld ? void decodeBrokerId(Number(path.split('/')[3]), Buffer.from(data)) : checkNode(path, data);
    yield { label: path, run };
  }
}

const dumps: GoldenCheck = {
  name: 'Kafka znodes',
  matches: (path) => /^kafka\/(?:znodes\/[^/]+|logdirs\/[^/]+\.znodes)\.json\.gz$/.test(path),
  cases: (file) => rewriting(file.json<Znode[]>()),
};

const history: GoldenCheck = {
  name: 'Kafka znode writes',
  matches: (path) => path === 'kafka/znodes/history.jsonl.gz',
  cases: (file) => rewriting(file.lines<unknown>().flatMap(writesOf)),
};

const hashOrder: GoldenCheck = {
  name: 'order of keys in Java and Scala maps',
  matches: (path) => path === 'kafka/znodes/hash-order.jsonl',
  *cases(file) {
    for (const { kind, inserted, iterated } of file.lines<HashOrder>()) {
      const order = kind === 'properties' ? propertiesOrder : scalaHashMapOrder;
      yield {
        label: `${kind} of ${inserted.length}`,
        run: () => assert.deepEqual(order(inserted), iterated),
      };
    }
  },
};

/** What Kafka's brokers wrote into ZooKeeper. */
export const kafkaZnodes: readonly GoldenCheck[] = [dumps, history, hashOrder];
