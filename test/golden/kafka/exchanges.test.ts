import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { conversationSettings, hold } from '../../support/kafka/conversation.ts';
import { conversations } from '../../support/kafka/conversations/index.ts';
import { startCluster } from '../../support/kafka/real-broker.ts';
import { type Exchange, Talk } from '../../support/kafka/talk.ts';
import { type DumpedZnode, dumpZnodes } from '../../support/kafka/znode-dump.ts';
import { memoryEnv } from '../../support/memory-env.ts';

const folder = new URL('../../../../test/golden/kafka/exchanges/', import.meta.url);

/** What Apache's broker 3.9.2 answered, see tools/exchanges. */
function recorded<T>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
}

/** Looks until what is there is as expected: what the controller does last is not answered to anyone. */
async function settled<T>(expected: T, look: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    const seen = await look();
    if (tries === 100 || isDeepStrictEqual(seen, expected)) return seen;
  }
}

describe('the broker answers as Apache does when it comes to', () => {
  for (const conversation of conversations) {
    const { name } = conversation;
    test(name.replaceAll('-', ' '), async (t) => {
      const env = memoryEnv();
      await using cluster = await startCluster(env, conversationSettings);
      const [listener] = cluster.broker.listeners;
      assert(listener !== undefined);
      const talk = new Talk(env.net, { host: '127.0.0.1', port: listener.port });
      const exchanges = await hold(conversation, talk);
      const expected = recorded<Exchange>(name);
      for (const [index, ours] of exchanges.entries()) {
        await t.test(ours.step, () => assert.deepEqual(ours, expected[index]));
      }
      assert.equal(exchanges.length, expected.length);
      if (conversation.znodes !== true) return;
      const znodes = recorded<DumpedZnode>(`${name}.znodes`);
      await t.test('the znodes afterwards', async () => {
        assert.deepEqual(await settled(znodes, () => dumpZnodes(env, cluster.zookeeper.address)), znodes);
      });
    });
  }

  it('every recorded conversation', () => {
    const names = conversations.flatMap(({ name, znodes }) =>
      znodes === true ? [`${name}.json`, `${name}.znodes.json`] : [`${name}.json`],
    );
    assert.deepEqual(readdirSync(folder).sort(), names.sort());
  });
});
