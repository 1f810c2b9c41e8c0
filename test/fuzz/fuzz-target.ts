/** Numbers from a seed, so that every finding can be run again. */
export class SeededNumbers {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** An integer in [0, bound). Mulberry32. */
  below(bound: number): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * bound);
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) throw new Error('nothing to pick from');
    return choice;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let i = 0; i < length; i++) bytes[i] = this.below(256);
    return bytes;
  }
}

/** Something that takes hostile input. Add new ones to `targets.ts`. */
export interface FuzzTarget {
  readonly name: string;
  /** One attempt; throws when the code under test misbehaves. */
  attempt(numbers: SeededNumbers): void;
}

/** Lengths and counts that codecs trip over. */
const nastyInts = [-1, -2, 0, 1, 0x7f, 0x80, 0x7fff, 0x8000, 0x7fff_ffff, -0x8000_0000, 0x00ff_ffff];

/** Damages valid bytes: bits flipped, bytes replaced, cut short, doubled, lengths made absurd. */
export function mutate(original: Buffer, numbers: SeededNumbers): Buffer {
  let bytes = Buffer.from(original);
  for (let i = numbers.below(4); i >= 0; i--) {
    const at = numbers.below(bytes.length + 1);
    switch (numbers.below(6)) {
      case 0:
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << numbers.below(8));
        break;
      case 1:
        bytes = bytes.subarray(0, at);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), numbers.bytes(numbers.below(9)), bytes.subarray(at)]);
        break;
      case 3:
        if (at + 4 <= bytes.length) bytes.writeInt32BE(numbers.pick(nastyInts), at);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from('ffffffff0f', 'hex'), bytes.subarray(at)]);
        break;
      default:
        bytes.fill(numbers.below(256), at, Math.min(bytes.length, at + numbers.below(16)));
    }
  }
  return bytes;
}
