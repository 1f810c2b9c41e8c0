import type { Clock } from '../../env/clock.ts';
import { ControllerMovedError } from './guarded.ts';
import { isZooKeeperError, type Watch, ZooKeeperError } from './port.ts';
import type { ZkConnection } from './zk-connection.ts';
import { controllerPath, decodeController, encodeController } from './znodes/controller.ts';
import {
  controllerEpochPath,
  decodeControllerEpoch,
  encodeControllerEpoch,
} from './znodes/controller-epoch.ts';
import { decodeFeature, encodeFeature, type FinalizedFeatures, featurePath } from './znodes/feature.ts';

/** The epoch of a won election, and the version of `/controller_epoch` that guards the writes of that epoch. */
export interface ElectedController {
  epoch: number;
  epochZkVersion: number;
}

/** Controller election: `/controller` and `/controller_epoch`; and `/feature`, which every controller sees to. */
export class ControllerStore {
  readonly #zk: ZkConnection;
  readonly #clock: Clock;

  constructor(zk: ZkConnection, clock: Clock) {
    this.#zk = zk;
    this.#clock = clock;
  }

  /** The broker that is the controller; null without one. The watch also waits for one to appear. */
  async controllerId(watch?: Watch): Promise<number | null> {
    const stat = await this.#zk.run((session) => session.exists(controllerPath, watch));
    return stat === null ? null : ((await this.registration())?.brokerId ?? null);
  }

  /** The controller and the version of its node. */
  async registration(): Promise<{
    brokerId: number;
    kraftControllerEpoch: number;
    zkVersion: number;
  } | null> {
    try {
      const node = await this.#zk.run((session) => session.getData(controllerPath));
      return { ...decodeController(node.data), zkVersion: node.stat.version };
    } catch (error) {
      if (isZooKeeperError(error, 'NONODE')) return null;
      throw error;
    }
  }

  /**
   * Becomes the controller: creates `/controller` and raises `/controller_epoch` in one multi. Fails with
   * {@link ControllerMovedError} when another broker was faster.
   */
  async register(brokerId: number): Promise<ElectedController> {
    const current = (await this.#epoch()) ?? (await this.#createEpoch());
    const epoch = current.epoch + 1;
    try {
      const results = await this.#zk.run((session) =>
        session.multi([
          {
            op: 'create',
            path: controllerPath,
            data: encodeController(brokerId, this.#clock.nowMs()),
            mode: 'ephemeral',
          },
          {
            op: 'setData',
            path: controllerEpochPath,
            data: encodeControllerEpoch(epoch),
            version: current.epochZkVersion,
          },
        ]),
      );
      return { epoch, epochZkVersion: results[1]?.stat?.version ?? current.epochZkVersion + 1 };
    } catch (error) {
      if (!(error instanceof ZooKeeperError)) throw error;
      if (error.code !== 'NODEEXISTS' && error.code !== 'BADVERSION') throw error;
      return this.#wonAfterAll(brokerId, epoch);
    }
  }

  /** Deletes `/controller`, so that another election is held. */
  async resign(epochZkVersion: number): Promise<void> {
    try {
      await this.#zk.run((session) =>
        session.multi([
          { op: 'check', path: controllerEpochPath, version: epochZkVersion },
          { op: 'delete', path: controllerPath, version: -1 },
        ]),
      );
    } catch (error) {
      if (!isZooKeeperError(error, 'NONODE') && !isZooKeeperError(error, 'BADVERSION')) throw error;
    }
  }

  /**
   * Makes `/feature` say whether finalized features are in use, in the format of the cluster's protocol. What an
   * earlier controller left switched off has no features (`KafkaController.maybeSetupFeatureVersioning`, 3.9).
   */
  async setUpFeatures({ version, enabled }: { version: 1 | 2; enabled: boolean }): Promise<void> {
    const found = await this.features();
    if (found === null) {
      const data = encodeFeature({ version, enabled, features: new Map() });
      try {
        await this.#zk.run((session) => session.create(featurePath, data, 'persistent'));
      } catch (error) {
        if (!isZooKeeperError(error, 'NODEEXISTS')) throw error;
      }
      return;
    }
    const { node } = found;
    const features = enabled && node.enabled ? node.features : new Map<string, number>();
    const isSame = node.version === version && node.enabled === enabled;
    if (isSame && features.size === node.features.size) return;
    await this.#writeFeatures({ version, enabled, features });
  }

  /** Replaces the finalized features, which are in use. */
  async setFeatures(features: ReadonlyMap<string, number>): Promise<void> {
    const found = await this.features();
    await this.#writeFeatures({ version: found?.node.version ?? 2, enabled: true, features });
  }

  async #writeFeatures(node: FinalizedFeatures): Promise<void> {
    await this.#zk.run((session) => session.setData(featurePath, encodeFeature(node), -1));
  }

  /** `/feature` and its version, which is the epoch of the features; null when the node is not there. */
  async features(watch?: Watch): Promise<{ node: FinalizedFeatures; epoch: number } | null> {
    // The watch is set first, and also on a node that is not there yet.
    const stat = await this.#zk.run((session) => session.exists(featurePath, watch));
    if (stat === null) return null;
    try {
      const node = await this.#zk.run((session) => session.getData(featurePath));
      return { node: decodeFeature(node.data), epoch: node.stat.version };
    } catch (error) {
      if (isZooKeeperError(error, 'NONODE')) return null;
      throw error;
    }
  }

  async #epoch(): Promise<ElectedController | null> {
    try {
      const node = await this.#zk.run((session) => session.getData(controllerEpochPath));
      return { epoch: decodeControllerEpoch(node.data), epochZkVersion: node.stat.version };
    } catch (error) {
      if (isZooKeeperError(error, 'NONODE')) return null;
      throw error;
    }
  }

  async #createEpoch(): Promise<ElectedController> {
    try {
      await this.#zk.run((session) =>
        session.create(controllerEpochPath, encodeControllerEpoch(0), 'persistent'),
      );
    } catch (error) {
      if (!isZooKeeperError(error, 'NODEEXISTS')) throw error;
    }
    const created = await this.#epoch();
    if (created === null)
      throw new ControllerMovedError(`${controllerEpochPath} was deleted while being created`);
    return created;
  }

  /** The multi may have been done although the answer to its first try was lost. */
  async #wonAfterAll(brokerId: number, epoch: number): Promise<ElectedController> {
    const registration = await this.registration();
    const current = await this.#epoch();
    if (registration?.brokerId === brokerId && current?.epoch === epoch) return current;
    throw new ControllerMovedError(
      `broker ${registration?.brokerId ?? 'unknown'} was elected controller instead of ${brokerId}`,
    );
  }
}
