import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Workspace } from '../../../tools/workspace.ts';
import { type Block, find, readBlocks } from './page.ts';
import { Transcript } from './transcript.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

/** Both servers on the ports that pages name, and nothing kept. */
const SERVERS = 'streamkeeper start --memory\n';
const READY = 'ZooKeeper  127.0.0.1:2181\nKafka      127.0.0.1:9092\nData       in memory\nReady in ... s\n';

export function hasPrograms(blocks: readonly Block[]): boolean {
  return blocks.some(({ language }) => ['sh', 'ts', 'console'].includes(language));
}

/** The pages below `docs` and the README, by their names, as far as they show something that could be run. */
export function readPages(): Map<string, Block[]> {
  const docs = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  const paths = ['README.md', ...docs.sort().map((name) => `docs/${name}`)];
  const pages = paths.map((path): [string, Block[]] => [
    path,
    readBlocks(path, readFileSync(join(ROOT, path), 'utf8')),
  ]);
  return new Map(pages.filter(([, blocks]) => hasPrograms(blocks)));
}

/** Runs those blocks of a page that need a certain server, which listens on that port in the place of 9092. */
export async function runBlocksOn(
  workspace: Workspace,
  blocks: readonly Block[],
  server: { readonly name: string; readonly port: number },
): Promise<number> {
  const chosen = blocks
    .filter((block) => find(block, 'needs')?.server === server.name)
    .map((block) => ({ ...block, directives: block.directives.filter(({ kind }) => kind !== 'needs') }));
  const [first] = chosen;
  if (first === undefined) return 0;
  const transcript = await Transcript.create(workspace, first.page, [[9092, server.port]]);
  try {
    await transcript.run(chosen);
    return chosen.length;
  } finally {
    await transcript.close();
  }
}

/** Runs the blocks of a page; unless it starts its own, with servers that are there already. */
export async function runPage(
  workspace: Workspace,
  blocks: readonly Block[],
  hasServers: boolean,
): Promise<void> {
  const [first] = blocks;
  if (first === undefined) return;
  const transcript = await Transcript.create(workspace, first.page);
  try {
    if (hasServers) {
      const directives = [{ kind: 'stays', name: 'servers' }] as const;
      const { page } = first;
      await transcript.run([
        { page, line: 0, language: 'sh', text: SERVERS, directives },
        { page, line: 0, language: 'text', text: READY, directives: [] },
      ]);
    }
    await transcript.run(blocks);
  } finally {
    await transcript.close();
  }
}
