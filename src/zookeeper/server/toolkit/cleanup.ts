import type { Env } from '../../../env/env.ts';
import { purge } from '../../persistence/purge.ts';

/** Removes old snapshots and logs of a stopped or running server; returns the paths (PurgeTxnLog). */
export function cleanUp(
  env: Pick<Env, 'disk' | 'log'>,
  directories: { dataDir: string; dataLogDir: string },
  retainCount: number,
): string[] {
  const { dataDir, dataLogDir } = directories;
  return purge(
    env,
    { snapDirectory: `${dataDir}/version-2`, logDirectory: `${dataLogDir}/version-2` },
    retainCount,
  );
}
