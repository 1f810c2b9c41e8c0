import type { Clock } from '../../env/clock.ts';
import type { Disk } from '../../env/disk.ts';
import { parsePropertiesFile } from '../../storage/properties.ts';
import { replaceFile } from '../../storage/replace-file.ts';

const NAME = 'meta.properties';

/** Whose a log directory is. */
export interface MetaProperties {
  readonly clusterId: string | undefined;
  readonly brokerId: number | undefined;
}

/** The log directories belong to another cluster or broker. */
export class MetaPropertiesError extends Error {
  override name = 'MetaPropertiesError';
}

/** Undefined when the directory is new. Throws {@link MetaPropertiesError} for a version of KRaft mode. */
export function readMetaProperties(disk: Disk, logDir: string): MetaProperties | undefined {
  const path = `${logDir}/${NAME}`;
  if (disk.stat(path) === undefined) return undefined;
  const values = new Map(
    parsePropertiesFile(disk.readFile(path), path).map(({ key, value }) => [key, value]),
  );
  const version = values.get('version') ?? '0';
  if (version !== '0') {
    throw new MetaPropertiesError(
      `${path} has version ${version}, which belongs to a broker in KRaft mode: use another log.dirs`,
    );
  }
  const brokerId = values.get('broker.id');
  if (brokerId !== undefined && !/^\d+$/.test(brokerId)) {
    throw new MetaPropertiesError(
      `${path} has broker.id=${brokerId}, which is no number: correct or remove it`,
    );
  }
  return {
    clusterId: values.get('cluster.id'),
    brokerId: brokerId === undefined ? undefined : Number(brokerId),
  };
}

export function writeMetaProperties(
  disk: Disk,
  clock: Clock,
  logDir: string,
  meta: { readonly clusterId: string; readonly brokerId: number },
): void {
  const date = new Date(clock.nowMs()).toUTCString();
  const lines = ['#', `#${date}`, `broker.id=${meta.brokerId}`, 'version=0', `cluster.id=${meta.clusterId}`];
  replaceFile(disk, `${logDir}/${NAME}`, Buffer.from(`${lines.join('\n')}\n`));
}

/**
 * Checks that no log directory belongs to another broker or cluster, and writes `meta.properties` where it is
 * missing. Returns the broker id that the directories have, if any. Throws {@link MetaPropertiesError}.
 */
export function checkMetaProperties(
  disk: Disk,
  logDirs: readonly string[],
  expected: { readonly clusterId: string; readonly brokerId: number | undefined },
): number | undefined {
  let brokerId = expected.brokerId;
  for (const logDir of logDirs) {
    const meta = readMetaProperties(disk, logDir);
    if (meta?.clusterId !== undefined && meta.clusterId !== expected.clusterId) {
      throw new MetaPropertiesError(
        `log directory ${logDir} belongs to cluster ${meta.clusterId}, and ZooKeeper is that of cluster ` +
          `${expected.clusterId}: check zookeeper.connect, or use another log.dirs`,
      );
    }
    if (meta?.brokerId === undefined) continue;
    if (brokerId !== undefined && meta.brokerId !== brokerId) {
      throw new MetaPropertiesError(
        `log directory ${logDir} belongs to broker ${meta.brokerId}, not ${brokerId}: check broker.id, or use ` +
          'another log.dirs',
      );
    }
    brokerId = meta.brokerId;
  }
  return brokerId;
}
