import { ZooKeeperClient } from '../../../src/clients/zookeeper/zookeeper-client.ts';
import type { Env } from '../../../src/env/env.ts';

/** A node as it can be compared with another server's: without times, ids and addresses of the run. */
export interface DumpedZnode {
  readonly path: string;
  readonly data: string | null;
  readonly version: number;
  readonly ephemeral: boolean;
}

const RUN_OF_ITS_OWN: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/"timestamp":"\d+"/, '"timestamp":"some time"'],
  [/"topic_id":"[\w-]{22}"/, '"topic_id":"some id"'],
  [/"id":"[\w-]{22}"/, '"id":"some id"'],
  [/"port":\d+/, '"port":0'],
  [/:\d+"\]/, ':0"]'],
];

/** Every node below the root but ZooKeeper's own, in the order of their paths. */
export async function dumpZnodes(env: Env, connectString: string): Promise<DumpedZnode[]> {
  const client = await ZooKeeperClient.connect(env, { connectString, sessionTimeoutMs: 10_000 });
  try {
    const nodes: DumpedZnode[] = [];
    const walk = async (path: string): Promise<void> => {
      const { data, stat } = await client.getData(path);
      const text =
        data === null ? null : RUN_OF_ITS_OWN.reduce((all, each) => all.replace(...each), data.toString());
      nodes.push({ path, data: text, version: stat.version, ephemeral: stat.ephemeralOwner !== 0n });
      const children = await client.getChildren(path);
      for (const child of children.toSorted()) {
        if (path !== '/' || child !== 'zookeeper')
          await walk(path === '/' ? `/${child}` : `${path}/${child}`);
      }
    };
    await walk('/');
    return nodes;
  } finally {
    await client.close();
  }
}
