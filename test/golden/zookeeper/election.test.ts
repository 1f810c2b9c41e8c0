import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  decodeInitialMessage,
  decodeNotification,
  ElectionProtocol,
  encodeInitialMessage,
  encodeNotification,
} from '../../../src/wire/zookeeper/election.ts';
import { parseQuorumConfig } from '../../../src/zookeeper/election/quorum-config.ts';
import { PEER_STATES } from '../../../src/zookeeper/election/vote.ts';
import { goldenLines } from '../../support/golden.ts';

interface Line {
  seq: number;
  kind?: 'initial' | 'notification';
  record: Record<string, number | string>;
  hex: string;
}

const lines = goldenLines<Line>('zookeeper/quorum/election.jsonl.gz');
const LENGTH_BYTES = 4;

describe("election connections between Apache's servers", () => {
  it('initial messages decode and encode', () => {
    const initials = lines.filter((line) => line.kind === 'initial');
    assert.ok(initials.length > 30);
    for (const { record, hex } of initials) {
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
  });

  it('notifications decode and encode', () => {
    const notifications = lines.filter((line) => line.kind === 'notification');
    assert.ok(notifications.length > 300);
    for (const { seq, record, hex } of notifications) {
      const bytes = Buffer.from(hex, 'hex');
      assert.equal(bytes.readInt32BE(0), bytes.length - LENGTH_BYTES);
      const decoded = decodeNotification(bytes.subarray(LENGTH_BYTES));
      assert.equal(PEER_STATES[decoded.state], record['stateName'], `line ${seq}`);
      for (const field of ['state', 'leader', 'zxid', 'electionEpoch', 'peerEpoch', 'version'] as const) {
        assert.equal(BigInt(decoded[field]), BigInt(record[field] ?? 'missing'), `${field} of line ${seq}`);
      }
      assert.equal(decoded.config, record['config']);
      const encoded = encodeNotification({ ...decoded, config: decoded.config ?? 'none' });
      assert.equal(encoded.toString('hex'), bytes.subarray(LENGTH_BYTES).toString('hex'));
    }
  });

  it('configurations in notifications are read and written unchanged', () => {
    const texts = new Set(lines.filter((line) => line.kind === 'notification').map((line) => line.record['config']));
    assert.ok(texts.size > 1);
    for (const text of texts) {
      const config = parseQuorumConfig(String(text), 'notification');
      assert.equal(config.toText(), text);
      assert.deepEqual([...config.participants.keys()], [1, 2, 3]);
      assert.deepEqual([...config.observers.keys()], [4]);
      assert.equal(config.members.get(4)?.addresses[0]?.host, '127.0.0.1');
    }
  });
});
