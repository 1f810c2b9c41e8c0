import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SimRandom } from '../../../src/env/sim/sim-random.ts';
import { OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import { goldenLines } from '../../support/golden.ts';
import { create, withServer } from '../../support/zk-simulation.ts';

/** What clients of Apache's server sent, as material to spoil. */
const FRAMES = ['ops', 'watches', 'session-life']
  .flatMap((file) =>
    goldenLines<{ dir: string; kind?: string; hex?: string }>(`zookeeper/sessions/${file}.jsonl.gz`),
  )
  .filter((line) => line.dir === 'c2s' && line.kind === 'request' && line.hex !== undefined)
  .map((line) => Buffer.from(line.hex ?? '', 'hex'));

function spoiled(random: SimRandom): Buffer {
  const frame = Buffer.from(FRAMES[random.below(FRAMES.length)] ?? Buffer.alloc(8));
  switch (random.below(5)) {
    case 0:
      return frame.subarray(0, random.below(frame.length + 1));
    case 1:
      return random.bytes(random.below(64));
    case 2:
      return frame;
    default: {
      const flips = 1 + random.below(4);
      for (let i = 0; i < flips; i++) frame[random.below(frame.length)] = random.below(256);
      return frame;
    }
  }
}

const ROUNDS = 60;

describe('a ZooKeeper server with hostile clients', () => {
  it('closes their connections at worst, serves the others, and logs what it can replay', async () => {
    for (const seed of [1, 2, 3]) {
      const options = { seed, extendedTypesEnabled: true, enforceQuota: true, fourLetterWhitelist: ['*'] };
      await withServer(options, async (zk, server) => {
        const { random } = zk.sim;
        const honest = await zk.client(20_000);
        zk.keepAlive(honest, 4000);
        let frames = 0;
        for (let round = 0; round < ROUNDS; round++) {
          const hostile = await zk.open();
          if (random.below(4) > 0) await hostile.connect();
          const count = 1 + random.below(30);
          for (let i = 0; i < count; i++) {
            hostile.send(spoiled(random));
            frames++;
          }
          if (random.below(3) === 0) hostile.write(random.bytes(1 + random.below(8)));
          await zk.sim.advance(random.below(50));
          hostile.destroy();
        }
        assert.ok(frames > ROUNDS);
        // The honest client's pings are answered behind its back: look at the server by a new one.
        const witness = await zk.client();
        await witness.call(OpCode.create, create('/still-here'));
        await witness.call(OpCode.closeSession);
        await server.close();
        const again = await zk.start();
        const errors = zk.sim.logLines.filter((line) => line.level === 'error');
        assert.deepEqual(errors, [], `seed ${seed}: the log does not replay to the same trees`);
        await again.close();
      });
    }
  });
});
