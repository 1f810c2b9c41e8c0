import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { regressions } from '../../swarm/regressions.ts';
import { runSeed } from '../../swarm/run-seed.ts';
import { systems } from '../../swarm/systems.ts';

const SEEDS = [1, 2, 3];
const STEPS = 1500;

function systemNamed(name: string) {
  const system = systems.find((each) => each.name === name);
  assert.ok(system !== undefined, `no system is named ${name}`);
  return system;
}

for (const system of systems) {
  describe(`${system.name}, simulated under faults`, () => {
    it('keeps its rules and serves again', async () => {
      let answered = 0;
      for (const seed of SEEDS) {
        const { failure, counts } = await runSeed(system, { seed, steps: STEPS });
        assert.equal(failure, undefined, `seed ${seed}: ${failure?.text}`);
        answered += counts.answers ?? 0;
      }
      assert.ok(answered > SEEDS.length * 10, `${answered} answers are too few to mean anything`);
    });

    it('does the same events in the same order for the same seed', async () => {
      const steps = STEPS / 2;
      const once = await runSeed(system, { seed: 7, steps });
      const again = await runSeed(system, { seed: 7, steps, keepTrace: true });
      const other = await runSeed(system, { seed: 8, steps });

      assert.equal(again.digest, once.digest);
      assert.ok(again.trace.length > steps);
      assert.notEqual(other.digest, once.digest);
    });
  });
}

describe('runs that once broke a rule', () => {
  for (const { system, seed, steps, story } of regressions) {
    it(`${system} seed ${seed}: ${story}`, async () => {
      const { failure } = await runSeed(systemNamed(system), { seed, steps });
      assert.equal(failure, undefined, failure?.text);
    });
  }
});
