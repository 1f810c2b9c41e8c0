import { resolve } from 'node:path';
import { createNodeEnv } from '../env/node/create-node-env.ts';
import { loadSnapshot, snapshotJson, snapshotLines } from '../zookeeper/server/toolkit/snapshot-toolkit.ts';
import { runCommand } from './failure.ts';

const USAGE = [
  'USAGE: SnapshotFormatter [-d|-json] snapshot_file',
  '       -d dump the data for each znode',
  '       -json dump znode info in json format',
].join('\n');
/** ExitCode.INVALID_INVOCATION */
const INVALID_INVOCATION = 2;

function refuse(text: string): number {
  console.error(text);
  return INVALID_INVOCATION;
}

/** `zkSnapShotToolkit.sh`: shows what a snapshot holds. */
await runCommand(async () => {
  const args = process.argv.slice(2);
  const { disk, clock } = createNodeEnv({ logLevel: 'error' });
  const flags = args.filter((arg) => ['-d', '-json', '--json'].includes(arg));
  const [path, ...more] = args.slice(flags.length);
  if (path === undefined || more.length > 0 || path.startsWith('-')) return refuse(USAGE);
  const kind = disk.stat(path)?.kind;
  if (kind === undefined) return refuse(`File '${resolve(path)}' does not exist.`);
  if (kind !== 'file') return refuse(`'${resolve(path)}' is a directory. it must be a file.`);
  const withData = flags.includes('-d');
  const asJson = flags.some((flag) => flag.endsWith('json'));
  if (withData && asJson) {
    return refuse('Cannot specify both data dump (-d) and json mode (-json) in same call');
  }
  const snapshot = await loadSnapshot(disk, path);
  if (asJson) process.stdout.write(snapshotJson(snapshot, clock.nowMs()));
  else for (const line of snapshotLines(snapshot, withData)) console.log(line);
  return 0;
});
