import { strict as assert } from 'node:assert';
import { MalformedError } from '../../src/base/malformed-error.ts';
import { messages } from '../../src/wire/kafka/catalog.ts';
import type { Message } from '../../src/wire/kafka/schema/index.ts';
import { locate } from '../golden-checks/message-catalog.ts';
import { GOLDEN_ROOT, GoldenDirectory } from '../golden-checks/tree.ts';
import { type FuzzTarget, mutate, type SeededNumbers } from './fuzz-target.ts';

interface Seed {
  readonly message: Message;
  readonly version: number;
  readonly bytes: Buffer;
}

interface Vector {
  readonly name: string;
  readonly apiKey: number | null;
  readonly version: number;
  readonly hex: string;
}

/** Codecs of all messages, fed with noise and with damaged golden vectors. */
export function kafkaMessages(): FuzzTarget {
  const seeds = new GoldenDirectory(GOLDEN_ROOT)
    .file('kafka/messages/messages-3.9.1.jsonl.gz')
    .lines<Vector>()
    .map(({ name, apiKey, version, hex }): Seed => {
      const located = locate(name, version, apiKey ?? undefined);
      return { message: located.message, version: located.version, bytes: Buffer.from(hex, 'hex') };
    });
  const all = [...messages.values()];
  return {
    name: 'kafka messages',
    attempt(numbers) {
      if (numbers.below(4) === 0) attemptNoise(numbers.pick(all), numbers);
      else attemptMutant(numbers.pick(seeds), numbers);
    },
  };
}

function attemptNoise(message: Message, numbers: SeededNumbers): void {
  const { min, max } = message.versions;
  decodeOrRefuse(message, min + numbers.below(max - min + 1), numbers.bytes(numbers.below(200)));
}

function attemptMutant({ message, version, bytes }: Seed, numbers: SeededNumbers): void {
  decodeOrRefuse(message, version, mutate(bytes, numbers));
}

/** Decodes or refuses with the right error; what was decoded must survive a second trip. */
function decodeOrRefuse(message: Message, version: number, bytes: Buffer): void {
  const codec = message.at(version);
  let value: unknown;
  try {
    value = codec.decode(bytes);
  } catch (error) {
    if (error instanceof MalformedError) return;
    throw new Error(`${message.name} v${version} of ${bytes.toString('hex')}`, { cause: error });
  }
  const again = codec.decode(codec.encode(value));
  assert.deepEqual(again, value, `${message.name} v${version} of ${bytes.toString('hex')}`);
}
