import { assert } from '../../base/assert.ts';
import type { Random } from '../random.ts';

/** A small seeded generator (xoshiro128**, Blackman and Vigna): the same seed gives the same sequence everywhere. */
export class SimRandom implements Random {
  private readonly state = new Uint32Array(4);

  constructor(seed: number) {
    assert(Number.isSafeInteger(seed), `seed ${seed} must be an integer`);
    // Spread the seed over the state (splitmix32), so that neighbouring seeds do not begin alike.
    let mix = (seed ^ Math.floor(seed / 2 ** 32)) >>> 0;
    for (let index = 0; index < 4; index += 1) {
      mix = (mix + 0x9e37_79b9) >>> 0;
      let word = Math.imul(mix ^ (mix >>> 16), 0x21f0_aaad);
      word = Math.imul(word ^ (word >>> 15), 0x735a_2d97);
      this.state[index] = word ^ (word >>> 15);
    }
  }

  /** 32 random bits. */
  private next(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.state;
    const scrambled = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const third = c ^ a;
    const fourth = d ^ b;
    this.state[1] = b ^ third;
    this.state[0] = a ^ fourth;
    this.state[2] = third ^ (b << 9);
    this.state[3] = rotate(fourth, 11);
    return scrambled;
  }

  float(): number {
    return this.next() / 2 ** 32;
  }

  below(bound: number): number {
    assert(Number.isSafeInteger(bound) && bound > 0, `bound ${bound} of a random integer must be above 0`);
    return Math.floor((((this.next() >>> 5) * 2 ** 26 + (this.next() >>> 6)) / 2 ** 53) * bound);
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let index = 0; index < length; index += 1) bytes[index] = this.next() >>> 24;
    return bytes;
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return probability > 0 && this.float() < probability;
  }

  /** A float in [low, high). */
  between(low: number, high: number): number {
    return low + this.float() * (high - low);
  }

  /** A generator of its own, so that what one part draws does not shift what another part gets. */
  fork(): SimRandom {
    return new SimRandom(this.next());
  }
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
