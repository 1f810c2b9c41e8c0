import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { propertiesOrder, scalaHashMapOrder } from '../../../src/kafka/zk/hash-order.ts';
import { decodeBrokerId, encodeBrokerId } from '../../../src/kafka/zk/znodes/broker-id.ts';
import { decodeClusterId, encodeClusterId } from '../../../src/kafka/zk/znodes/cluster-id.ts';
import { decodeConfigChange, encodeConfigChange } from '../../../src/kafka/zk/znodes/config-change.ts';
import { decodeController, encodeController } from '../../../src/kafka/zk/znodes/controller.ts';
import {
  decodeControllerEpoch,
  encodeControllerEpoch,
} from '../../../src/kafka/zk/znodes/controller-epoch.ts';
import {
  decodeEntityConfig,
  desanitize,
  encodeEntityConfig,
  sanitize,
} from '../../../src/kafka/zk/znodes/entity-config.ts';
import { decodeFeature, encodeFeature } from '../../../src/kafka/zk/znodes/feature.ts';
import { decodeIsrChange, encodeIsrChange } from '../../../src/kafka/zk/znodes/isr-change.ts';
import { decodeLogDirEvent, encodeLogDirEvent } from '../../../src/kafka/zk/znodes/log-dir-event.ts';
import { decodePartitionState, encodePartitionState } from '../../../src/kafka/zk/znodes/partition-state.ts';
import {
  decodeProducerIdBlock,
  encodeProducerIdBlock,
} from '../../../src/kafka/zk/znodes/producer-id-block.ts';
import { decodeTopic, encodeTopic } from '../../../src/kafka/zk/znodes/topic.ts';

const folder = new URL('../../../../test/golden/kafka/znodes/', import.meta.url);

interface Znode {
  path: string;
  data?: string | null;
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

function lines(name: string): unknown[] {
  const raw = readFileSync(new URL(name, folder));
  const text = (name.endsWith('.gz') ? gunzipSync(raw) : raw).toString();
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Rewrites all nodes with data; returns how many. */
function check(nodes: readonly Znode[]): number {
  let checked = 0;
  for (const { path, data } of nodes) {
    if (data === undefined || data === null || elsewhere.test(path)) continue;
    if (path.startsWith('/brokers/ids/') && JSON.parse(data).version !== 5) continue;
    const rewrite = rewriters.find(([pattern]) => pattern.test(path))?.[1];
    assert.ok(rewrite, `no module for ${path}`);
    assert.equal(rewrite(path, Buffer.from(data)).toString(), data, path);
    checked += 1;
  }
  return checked;
}

for (const name of readdirSync(folder).filter((file) => file.endsWith('.json.gz'))) {
  test(`znodes of ${name} are written back byte for byte`, () => {
    const nodes = JSON.parse(gunzipSync(readFileSync(new URL(name, folder))).toString()) as Znode[];
    assert.ok(check(nodes) > 3);
  });
}

test('every write of the recorded session is written back byte for byte', () => {
  assert.equal(check(lines('history.jsonl.gz').flatMap(writesOf)), 215);
});

test('keys are iterated as by the hash maps of Java and Scala', () => {
  const cases = lines('hash-order.jsonl') as { kind: string; inserted: string[]; iterated: string[] }[];
  assert.ok(cases.length > 70);
  for (const { kind, inserted, iterated } of cases) {
    const order = kind === 'properties' ? propertiesOrder(inserted) : scalaHashMapOrder(inserted);
    assert.deepEqual(order, iterated, `${kind} of ${inserted.length}`);
  }
});

test('entity names in paths are those of the recorded session', () => {
  for (const [name, safe] of [
    ['CN=Jan Kowalski, O=sierra', 'CN%3DJan%20Kowalski%2C%20O%3Dsierra'],
    ['app 1/sierra', 'app%201%2Fsierra'],
    ["!*'()~-._", '%21%2A%27%28%29~-._'],
  ] as const) {
    assert.equal(sanitize(name), safe);
    assert.equal(desanitize(safe), name);
  }
});
