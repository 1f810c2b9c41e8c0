import { strict as assert } from 'node:assert';
import { MalformedError } from '../../src/base/malformed-error.ts';
import {
  decodeInitialMessage,
  decodeNotification,
  encodeNotification,
} from '../../src/wire/zookeeper/election.ts';
import { parseQuorumConfig } from '../../src/zookeeper/election/quorum-config.ts';
import { QuorumConfigError } from '../../src/zookeeper/election/quorum-verifier.ts';
import { goldenLines } from '../support/golden.ts';
import { type FuzzTarget, mutate } from './fuzz-target.ts';

interface Line {
  readonly kind?: 'initial' | 'notification';
  readonly hex: string;
}

const LENGTH_BYTES = 4;

/** What other servers send to the election port, damaged: initial messages, notifications, their configurations. */
export function electionMessages(): FuzzTarget {
  const seeds = goldenLines<Line>('zookeeper/quorum/election.jsonl.gz').filter(
    (line) => line.kind !== undefined,
  );
  return {
    name: 'election messages',
    attempt(numbers) {
      const { kind, hex } = numbers.pick(seeds);
      const bytes = Buffer.from(hex, 'hex');
      if (kind === 'initial') orRefuse(() => decodeInitialMessage(mutate(bytes, numbers)));
      else orRefuse(() => readNotification(mutate(bytes.subarray(LENGTH_BYTES), numbers)));
    },
  };
}

/** What was decoded must survive a second trip. */
function readNotification(bytes: Buffer): void {
  const notification = decodeNotification(bytes);
  const { config } = notification;
  if (config === undefined || notification.version !== 2) return;
  assert.deepEqual(decodeNotification(encodeNotification({ ...notification, config })), notification);
  const quorum = parseQuorumConfig(config, 'notification');
  assert.equal(parseQuorumConfig(quorum.toText(), 'again').toText(), quorum.toText());
}

function orRefuse(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof MalformedError) && !(error instanceof QuorumConfigError)) throw error;
  }
}
