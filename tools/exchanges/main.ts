import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createNodeEnv } from '../../src/env/node/create-node-env.ts';
import { conversationSettings, hold } from '../../test/support/kafka/conversation.ts';
import { conversations } from '../../test/support/kafka/conversations/index.ts';
import { Talk } from '../../test/support/kafka/talk.ts';
import { dumpZnodes } from '../../test/support/kafka/znode-dump.ts';
import { freePorts, startApacheBroker, startApacheZooKeeper } from '../peers/targets.ts';
import { Toolbox } from '../peers/toolbox.ts';
import { Workspace } from '../workspace.ts';

const SETTLE_MS = 3000;

const usage = `usage: node dist/tools/exchanges/main.js [--only TEXT] [--out DIR]
Holds the conversations of test/support/kafka/conversations with Apache's broker and writes its answers, one file
each, to test/golden/kafka/exchanges (or DIR), where the tests compare ours with them.`;

/** Apache's ZooKeeper and broker for one conversation, so that none sees the topics of another. */
async function withApache(
  toolbox: Toolbox,
  work: (port: number, zookeeper: string) => Promise<void>,
): Promise<void> {
  const workspace = new Workspace();
  const [zookeeperPort = 0, port = 0] = await freePorts(2);
  const zookeeper = await startApacheZooKeeper(toolbox, {
    dataDir: workspace.dir('zookeeper'),
    port: zookeeperPort,
    workspace,
  });
  try {
    const broker = await startApacheBroker(toolbox, {
      logDir: workspace.dir('kafka'),
      port,
      zookeeper: `127.0.0.1:${zookeeperPort}`,
      config: { ...conversationSettings },
      workspace,
    });
    try {
      await work(port, `127.0.0.1:${zookeeperPort}`);
    } finally {
      await broker.stop('SIGKILL');
    }
  } finally {
    await zookeeper.stop('SIGKILL');
    workspace.remove();
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, out: { type: 'string' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const toolbox = new Toolbox();
  const folder = values.out ?? join(toolbox.root, 'test/golden/kafka/exchanges');
  mkdirSync(folder, { recursive: true });
  const env = createNodeEnv({ logLevel: 'silent' });
  for (const conversation of conversations) {
    if (values.only !== undefined && !conversation.name.includes(values.only)) continue;
    await withApache(toolbox, async (port, zookeeper) => {
      const exchanges = await hold(conversation, new Talk(env.net, { host: '127.0.0.1', port }));
      const file = join(folder, `${conversation.name}.json`);
      writeFileSync(file, `${JSON.stringify(exchanges, null, 1)}\n`);
      if (conversation.znodes === true) {
        // What the controller does last is not answered to anyone.
        await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
        const znodes = JSON.stringify(await dumpZnodes(env, zookeeper), null, 1);
        writeFileSync(join(folder, `${conversation.name}.znodes.json`), `${znodes}\n`);
      }
      console.log(`${conversation.name}: ${exchanges.length} exchanges`);
    });
  }
  return 0;
}

process.exitCode = await main();
