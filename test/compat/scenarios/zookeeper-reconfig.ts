import assert from 'node:assert/strict';
import type { ZooKeeperClient } from '../../../src/clients/zookeeper/zookeeper-client.ts';
import { Ensemble, type Kind, type Member } from '../../../tools/peers/ensemble.ts';
import { until } from '../../../tools/until.ts';
import type { Context, Scenario } from '../scenario.ts';
import { Load } from './zookeeper-ensemble.ts';

const ids = (members: readonly Member[]): string => members.map(({ id }) => id).join(',');

/** The servers that a configuration names. */
function namedBy(config: Buffer | null): string {
  return [...String(config).matchAll(/^server\.(\d+)=/gm)].map(([, id]) => id).join(',');
}

/** Waits until every one of the servers tells its clients of this configuration. */
async function agreed(ensemble: Ensemble, on: readonly Member[]): Promise<void> {
  for (const member of on) {
    const client = await ensemble.client(member);
    try {
      await until(`server ${member.id} knows the servers ${ids(on)}`, async () => {
        return namedBy((await client.getConfig()).data) === ids(on);
      });
    } finally {
      await client.close();
    }
  }
}

/** Three servers become five and three again, while clients write; then the leader itself has to go. */
async function story(context: Context, kinds: readonly Kind[]): Promise<string> {
  const ensemble = await Ensemble.start(context, kinds, { initial: 3, reconfigEnabled: true });
  try {
    const client = await ensemble.client();
    await client.create('/load');
    const load = new Load(client, '/load/n');
    const { initial, members } = ensemble;
    const joiners = members.slice(initial.length);

    await Promise.all(joiners.map((member) => ensemble.boot(member)));
    await ensemble.serving();
    const joining = joiners.map((member) => `server.${member.id}=${ensemble.line(member)}`);
    await reconfigured(client, { joining: joining.join(',') });
    await agreed(ensemble, members);
    context.say(`five servers, ${load.acknowledged.length} writes so far`);

    // Two of five may be missing; they come back by the files that they have written themselves.
    const leader = await ensemble.serving();
    const victims = initial.filter((member) => member !== leader).slice(0, 2);
    await Promise.all(victims.map((member) => ensemble.kill(member)));
    await grows(load);
    await Promise.all(victims.map((member) => ensemble.boot(member)));
    await ensemble.serving();
    await agreed(ensemble, members);

    await reconfigured(client, { leaving: ids(joiners) });
    for (const member of joiners) await ensemble.kill(member);
    await ensemble.serving();
    await agreed(ensemble, initial);
    await grows(load);
    context.say(`three servers again, ${load.acknowledged.length} writes so far`);

    const last = await ensemble.serving();
    const rest = initial.filter((member) => member !== last);
    await reconfigured(client, { leaving: `${last.id}` });
    await until('another server leads', async () => {
      const modes = await Promise.all(rest.map((member) => ensemble.mode(member)));
      return modes.includes('leader');
    });
    await ensemble.kill(last);
    await ensemble.serving();
    await agreed(ensemble, rest);
    await grows(load);

    await load.end();
    await client.sync('/');
    const children = new Set(await client.getChildren('/load'));
    const lost = load.acknowledged.filter((path) => !children.has(path.slice('/load/'.length)));
    assert.deepEqual(lost, [], 'acknowledged writes are missing');
    await client.close();
    const nodes = await ensemble.assertSame();
    return `3 to 5 to 3 servers, then without the leader: ${load.acknowledged.length} acknowledged writes, ${nodes} nodes`;
  } finally {
    await ensemble.stop();
  }
}

/** Asks again when the answer got lost because the client's server changed its role. */
async function reconfigured(
  client: ZooKeeperClient,
  change: { joining?: string; leaving?: string },
): Promise<void> {
  await until(
    'the reconfiguration is accepted',
    async () => {
      try {
        await client.reconfig(change);
        return true;
      } catch (error) {
        if (/CONNECTIONLOSS|NEWCONFIGNOQUORUM|RECONFIGINPROGRESS/.test(String(error))) return false;
        throw error;
      }
    },
    { withinMs: 30_000 },
  );
}

/** Waits for further acknowledged writes: the ensemble serves. */
async function grows(load: Load): Promise<void> {
  const { length } = load.acknowledged;
  await until('writes are acknowledged', () => load.acknowledged.length > length + 20);
}

function reconfiguring(name: string, kinds: readonly Kind[]): Scenario {
  return {
    name,
    shows: 'servers join and leave under load, the leader too; restarts from rewritten files; nothing lost',
    run: (context) => story(context, kinds),
  };
}

export const zookeeperReconfigScenarios: readonly Scenario[] = [
  reconfiguring('reconfig of 5 ours', ['ours', 'ours', 'ours', 'ours', 'ours']),
  {
    ...reconfiguring('reconfig of 2 Apache + 3 ours', ['apache', 'ours', 'ours', 'ours', 'apache']),
    fullOnly: true,
  },
  {
    ...reconfiguring('reconfig of 3 Apache + 2 ours', ['apache', 'ours', 'apache', 'apache', 'ours']),
    fullOnly: true,
  },
];
