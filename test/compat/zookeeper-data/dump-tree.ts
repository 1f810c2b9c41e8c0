import { createNodeEnv } from '../../../src/env/node/create-node-env.ts';
import { STORE_DEFAULTS, Store } from '../../../src/zookeeper/persistence/store.ts';
import { DataTree } from '../../../src/zookeeper/tree/data-tree.ts';

/** Prints what our persistence loads from a data directory, in the form of DumpTree.java. */
async function main(dataDir: string): Promise<void> {
  const store = Store.open(createNodeEnv({ logLevel: 'error' }), { dataDir, ...STORE_DEFAULTS });
  const tree = new DataTree({ extendedTypes: true });
  const { lastZxid, digestMismatches, sessions } = await store.recover(tree);
  await store.close();
  console.log(`zxid ${lastZxid} digest ${tree.digest} mismatches ${digestMismatches}`);
  for (const [id, timeoutMs] of [...sessions].sort(([a], [b]) => (a < b ? -1 : 1))) {
    console.log(`session ${id} ${timeoutMs}`);
  }
  for (const line of describe(tree).sort()) console.log(line);
}

function describe(tree: DataTree): string[] {
  return [...tree.snapshotNodes()].map(([path, node]) => {
    const s = tree.statOf(node);
    const numbers = [s.czxid, s.mzxid, s.ctime, s.mtime, s.version, s.cversion, s.aversion].join(' ');
    const more = [s.ephemeralOwner, s.dataLength, s.numChildren, s.pzxid].join(' ');
    const data = node.data === null ? 'null' : `x${node.data.toString('hex')}`;
    const acl = tree.aclOf(node).map(({ perms, id }) => `${perms}:${id.scheme}:${id.id}`);
    return [path === '' ? '/' : path, data, numbers, more, ...acl].join(' ');
  });
}

await main(process.argv[2] ?? '');
