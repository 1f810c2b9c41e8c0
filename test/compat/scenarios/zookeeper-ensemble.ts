import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { ZooKeeperClient } from '../../../src/clients/zookeeper/zookeeper-client.ts';
import { ask, Ensemble, type Kind } from '../../../tools/peers/ensemble.ts';
import type { Context, Scenario } from '../scenario.ts';

/** Writes until it is told to end, whatever happens to servers; knows what has been acknowledged. */
export class Load {
  readonly acknowledged: string[] = [];
  failures = 0;
  private isEnding = false;
  private readonly done: Promise<void>;
  private readonly client: ZooKeeperClient;

  constructor(client: ZooKeeperClient, prefix: string) {
    this.client = client;
    this.done = this.run(prefix);
  }

  private async run(prefix: string): Promise<void> {
    for (let i = 0; !this.isEnding; i++) {
      const path = `${prefix}-${i}`;
      try {
        await this.client.create(path, Buffer.from(`value ${i}`), i % 10 === 0 ? { mode: 'ephemeral' } : {});
        if (i % 3 === 0) await this.client.setData(path, Buffer.from(`changed ${i}`));
        this.acknowledged.push(path);
      } catch {
        // Under way when a server died: nobody knows whether it was done.
        this.failures++;
        await delay(20);
      }
    }
  }

  async end(): Promise<void> {
    this.isEnding = true;
    await this.done;
  }
}

/** The story that every mixture has to live through. */
async function story(context: Context, kinds: readonly Kind[]): Promise<string> {
  const ensemble = await Ensemble.start(context, kinds);
  const led = new Set<Kind>();
  const synced: string[] = [];
  try {
    const client = await ensemble.client();
    await client.create('/load');
    const load = new Load(client, '/load/n');
    const rounds = context.quick ? 3 : 9;
    for (let round = 0; round < rounds; round++) {
      const leader = await ensemble.serving();
      led.add(leader.kind);
      // In turn: a follower that lags a little, an emptied one, and the leader in the middle of its writes.
      const others = ensemble.members.filter((member) => member !== leader);
      const victim = round % 3 === 2 ? leader : (others[round % others.length] ?? leader);
      await ensemble.kill(victim);
      await delay(context.quick ? 500 : 1000);
      if (round % 3 === 1) ensemble.empty(victim);
      await ensemble.boot(victim);
      await ensemble.serving();
      synced.push(`${victim.kind} ${['behind', 'emptied', 'was leader'][round % 3]}`);
      context.say(
        `round ${round + 1} of ${rounds}: ${synced.at(-1)}, ${load.acknowledged.length} writes so far`,
      );
    }
    for (const kind of new Set(kinds)) await letLead(ensemble, kind, led);
    await load.end();
    await client.sync('/');
    const children = new Set(await client.getChildren('/load'));
    const lost = load.acknowledged.filter((path) => !children.has(path.slice('/load/'.length)));
    assert.deepEqual(lost, [], 'acknowledged writes are missing');
    await client.close();
    if (!context.quick) for (const kind of new Set(kinds)) await takeBack(ensemble, kind);
    const nodes = await ensemble.assertSame();
    await noMismatches(ensemble);
    return `${load.acknowledged.length} acknowledged writes on all servers, ${nodes} nodes the same; both led`;
  } finally {
    await ensemble.stop();
  }
}

/** Kills leaders until a server of that kind leads. */
async function letLead(ensemble: Ensemble, kind: Kind, led: Set<Kind>): Promise<void> {
  for (let attempt = 0; attempt < 6 && !led.has(kind); attempt++) {
    const leader = await ensemble.serving();
    led.add(leader.kind);
    if (led.has(kind)) break;
    // Servers of the other kind stay down until one of the wanted kind leads, as far as a majority remains.
    await ensemble.kill(leader);
    await ensemble.serving().then((next) => led.add(next.kind));
    await ensemble.boot(leader);
    await ensemble.serving();
  }
  assert.ok(led.has(kind), `no server of ${kind} has led`);
}

/** A leader of that kind logs what its followers never get; as a follower it has to take that back. */
async function takeBack(ensemble: Ensemble, kind: Kind): Promise<void> {
  const attempts = 8;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const leader = await ensemble.serving();
    const followers = ensemble.members.filter((member) => member !== leader);
    const isWanted = leader.kind === kind;
    const client = isWanted ? await ensemble.client(leader) : undefined;
    await Promise.all((isWanted ? followers : [leader]).map((member) => ensemble.kill(member)));
    if (client === undefined) {
      await ensemble.serving();
      await ensemble.boot(leader);
      continue;
    }
    // Logged by the leader alone, before it notices that nobody follows.
    const writes = [1, 2, 3].map((i) => client.create(`/load/alone-${attempt}-${i}`).catch(() => undefined));
    await delay(150);
    await ensemble.kill(leader);
    void client.close().catch(() => undefined);
    await Promise.all(writes);
    await Promise.all(followers.map((member) => ensemble.boot(member)));
    await ensemble.serving();
    await ensemble.boot(leader);
    await ensemble.serving();
    const sign = kind === 'apache' ? /Truncating log to get in sync/ : /TRUNC/;
    const isSeen = await leader.daemon?.shows(sign, 500).then(
      () => true,
      () => false,
    );
    if (isSeen === true) return;
  }
  assert.fail(`no server of ${kind} had to take back what it had logged alone, in ${attempts} attempts`);
}

/** Servers compare the digest of every transaction with their tree's. */
export async function noMismatches(ensemble: Ensemble): Promise<void> {
  for (const member of ensemble.members.filter(({ daemon }) => daemon !== undefined)) {
    const answer = (await ask(member.port, 'mntr')) ?? '';
    const count = /^zk_digest_mismatches_count\t(\d+)/m.exec(answer)?.[1];
    assert.equal(count, '0', `server ${member.id} found transactions whose digest is not its tree's`);
  }
}

function mixed(name: string, kinds: readonly Kind[]): Scenario {
  return {
    name,
    shows:
      'kill -9 and restart under load, also emptied; each side leads; all acknowledged writes, same trees',
    run: (context) => story(context, kinds),
  };
}

export const zookeeperEnsembleScenarios: readonly Scenario[] = [
  mixed('ensemble of 2 Apache + 1 ours', ['apache', 'ours', 'apache']),
  { ...mixed('ensemble of 1 Apache + 2 ours', ['ours', 'apache', 'ours']), fullOnly: true },
];
