import assert from 'node:assert/strict';
import {
  decodeInitialMessage,
  decodeNotification,
  ElectionProtocol,
  encodeInitialMessage,
  encodeNotification,
} from '../../src/wire/zookeeper/election.ts';
import { parseQuorumConfig } from '../../src/zookeeper/election/quorum-config.ts';
import { PEER_STATES } from '../../src/zookeeper/election/vote.ts';
import type { GoldenCheck } from './check.ts';

interface Line {
  seq: number;
  kind?: 'initial' | 'notification';
  record: Record<string, number | string>;
  hex: string;
}

const LENGTH_BYTES = 4;

function checkInitial({ record, hex }: Line): void {
  const bytes = Buffer.from(hex, 'hex');
  const decoded = decodeInitialMessage(bytes);
  assert.equal(record['protocolVersion'], ElectionProtocol.V1);
  assert.equal(decoded?.byteLength, bytes.length);
  assert.equal(decoded.message.serverId, record['sid']);
  const { serverId = -1, addresses = '' } = decoded.message;
  const encoded = encodeInitialMessage({ protocol: ElectionProtocol.V1, serverId, addresses });
  assert.equal(encoded.toString('hex'), hex);
  for (let cut = 0; cut < bytes.length; cut++) {
    assert.equal(decodeInitialMessage(bytes.subarray(0, cut)), undefined, `cut at ${cut}`);
  }
}

function checkNotification({ record, hex }: Line): void {
  const bytes = Buffer.from(hex, 'hex');
  assert.equal(bytes.readInt32BE(0), bytes.length - LENGTH_BYTES);
  const decoded = decodeNotification(bytes.subarray(LENGTH_BYTES));
  assert.equal(PEER_STATES[decoded.state], record['stateName']);
  for (const field of ['state', 'leader', 'zxid', 'electionEpoch', 'peerEpoch', 'version'] as const) {
    assert.equal(BigInt(decoded[field]), BigInt(record[field] ?? 'missing'), field);
  }
  assert.equal(decoded.config, record['config']);
  const encoded = encodeNotification({ ...decoded, config: decoded.config ?? 'none' });
  assert.equal(encoded.toString('hex'), bytes.subarray(LENGTH_BYTES).toString('hex'));
}

/** Configurations in notifications are read and written unchanged. */
function checkConfig(text: string): void {
  const config = parseQuorumConfig(text, 'notification');
  assert.equal(config.toText(), text);
  assert.deepEqual([...config.participants.keys()], [1, 2, 3]);
  assert.deepEqual([...config.observers.keys()], [4]);
  assert.equal(config.members.get(4)?.addresses[0]?.host, '127.0.0.1');
}

/** Election connections between Apache's servers: decoded as stated, encoded to the same bytes. */
export const zookeeperElection: GoldenCheck = {
  name: 'ZooKeeper election messages',
  matches: (path) => path === 'zookeeper/quorum/election.jsonl.gz',
  *cases(file) {
    const lines = file.lines<Line>();
    for (const line of lines.filter(({ kind }) => kind === 'initial')) {
      yield { label: `${line.seq}: initial message`, run: () => checkInitial(line) };
    }
    const notifications = lines.filter(({ kind }) => kind === 'notification');
    for (const line of notifications) {
      yield { label: `${line.seq}: notification`, run: () => checkNotification(line) };
    }
    for (const text of new Set(notifications.map(({ record }) => String(record['config'])))) {
      yield { label: `configuration ${JSON.stringify(text)}`, run: () => checkConfig(text) };
    }
  },
};
