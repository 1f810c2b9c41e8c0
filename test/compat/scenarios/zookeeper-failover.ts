import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Ensemble } from '../../../tools/peers/ensemble.ts';
import type { Outcome } from '../../../tools/peers/process.ts';
import { run } from '../../../tools/peers/process.ts';
import { versions } from '../../../tools/peers/toolbox.ts';
import { type Context, lastLine, type Scenario } from '../scenario.ts';
import { noMismatches } from './zookeeper-ensemble.ts';

const FINISH = '/finish';
const LIMIT_MS = 600_000;

/** A foreign program: works on an ensemble until a node is there, then says in its last line what it has done. */
type Program = (context: Context, args: readonly string[]) => Promise<Outcome>;

/** Kills one leader after the other while the program works; a fourth server is the program's to take in and let go. */
async function story(context: Context, program: Program): Promise<string> {
  const kind = context.which;
  const ensemble = await Ensemble.start(context, [kind, kind, kind, kind], {
    initial: 3,
    reconfigEnabled: true,
  });
  try {
    const [joiner] = ensemble.members.slice(3);
    assert.ok(joiner !== undefined);
    await ensemble.boot(joiner);
    await ensemble.serving();
    const line = `server.${joiner.id}=${ensemble.line(joiner)}`;
    const work = program(context, [ensemble.connectString, FINISH, line]);
    // It may fail long before it is waited for.
    const failed = work.then(
      () => assert.fail('the program ended before it was told to'),
      (error: unknown) => Promise.reject(error),
    );
    failed.catch(() => undefined);
    await Promise.race([killLeaders(context, ensemble), failed]);
    const client = await ensemble.client();
    await client.create(FINISH);
    const { stdout } = await work;
    await client.close();
    await noMismatches(ensemble);
    const nodes = await ensemble.assertSame();
    return `${lastLine(stdout)}; ${nodes} nodes the same`;
  } finally {
    await ensemble.stop();
  }
}

async function killLeaders(context: Context, ensemble: Ensemble): Promise<void> {
  const kills = context.quick ? 2 : 10;
  await delay(4000);
  for (let kill = 1; kill <= kills; kill++) {
    const leader = await ensemble.serving();
    await ensemble.kill(leader);
    await ensemble.serving();
    await ensemble.boot(leader);
    await ensemble.serving();
    context.say(`leader ${kill} of ${kills} was killed: server ${leader.id}`);
    await delay(2000);
  }
}

const shows = 'sessions, watches, locks, elections, multi and reconfig while leaders are killed';

export const zookeeperFailoverScenarios: readonly Scenario[] = [
  {
    name: 'kazoo through failovers of an ensemble',
    shows,
    run: (context) =>
      story(context, async ({ toolbox }, args) => {
        const script = join(toolbox.sources, 'python/kazoo_ensemble.py');
        return run(await toolbox.python(), [script, ...args], { timeoutMs: LIMIT_MS });
      }),
  },
  {
    name: `ZooKeeper ${versions.zookeeper} client (Java) through failovers of an ensemble`,
    shows,
    run: (context) =>
      story(context, async ({ toolbox }, args) => {
        const classPath = await toolbox.compileJava('zookeeper-ensemble', await toolbox.apache(), [
          'test/compat/java/EnsembleScenario.java',
        ]);
        return toolbox.java(classPath, 'EnsembleScenario', args, { timeoutMs: LIMIT_MS });
      }),
  },
];
