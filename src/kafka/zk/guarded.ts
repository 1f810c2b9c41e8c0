import { ZooKeeperError, type ZooKeeperOp, type ZooKeeperOpResult } from './port.ts';
import type { ZkConnection } from './zk-connection.ts';
import { controllerEpochPath } from './znodes/controller-epoch.ts';

/** The writer is no longer the controller: `/controller_epoch` or `/controller` has moved on. */
export class ControllerMovedError extends Error {
  override name = 'ControllerMovedError';
}

/**
 * One write of the controller, done only while `/controller_epoch` still has the version that the controller
 * wrote, so that a deposed controller changes nothing. Fails with {@link ControllerMovedError}, or with the
 * {@link ZooKeeperError} of the write itself.
 */
export function guardedWrite(
  zk: ZkConnection,
  epochZkVersion: number,
  write: ZooKeeperOp,
): Promise<ZooKeeperOpResult> {
  return checkedWrite(zk, { op: 'check', path: controllerEpochPath, version: epochZkVersion }, write);
}

/** One write, done only while another node has the expected version. */
export async function checkedWrite(
  zk: ZkConnection,
  check: ZooKeeperOp & { op: 'check' },
  write: ZooKeeperOp,
): Promise<ZooKeeperOpResult> {
  try {
    const results = await zk.run((session) => session.multi([check, write]));
    return results[1] ?? {};
  } catch (error) {
    if (error instanceof ZooKeeperError && error.opIndex === 0) {
      throw new ControllerMovedError(
        `${check.path} no longer has version ${check.version}: another controller has been elected`,
      );
    }
    throw error;
  }
}
