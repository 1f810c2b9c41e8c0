import { ConfigError } from '../../base/config-keys/config-error.ts';
import type { Env } from '../../env/env.ts';
import { checkMetaProperties, writeMetaProperties } from '../log/meta-properties.ts';
import { randomUuid } from '../metadata/uuid.ts';
import type { ZkStores } from '../zk/stores.ts';
import type { ZkConnection } from '../zk/zk-connection.ts';
import type { BrokerConfig } from './config/broker-config.ts';

const SEQUENCE_PATH = '/brokers/seqid';

export interface BrokerIdentity {
  readonly clusterId: string;
  readonly brokerId: number;
}

/**
 * Finds out who this broker is: the cluster's id from ZooKeeper (made by the first broker), its own id from the
 * configuration, from the log directories or, as the last resort, a new one. The directories say whose they are
 * from then on; another broker's are refused with MetaPropertiesError.
 */
export async function establishIdentity(
  env: Env,
  config: BrokerConfig,
  logDirs: readonly string[],
  zk: ZkConnection,
  stores: ZkStores,
): Promise<BrokerIdentity> {
  const clusterId = await stores.cluster.createOrGetClusterId(randomUuid(env.random));
  const configured = config.brokerId >= 0 ? config.brokerId : undefined;
  const known = checkMetaProperties(env.disk, logDirs, { clusterId, brokerId: configured });
  const brokerId = known ?? (await generateBrokerId(config, zk));
  for (const logDir of logDirs) writeMetaProperties(env.disk, env.clock, logDir, { clusterId, brokerId });
  return { clusterId, brokerId };
}

/** An id that no broker has had: above `reserved.broker.max.id`, from the version of a node that all write to. */
async function generateBrokerId(config: BrokerConfig, zk: ZkConnection): Promise<number> {
  if (!config.brokerIdGenerationEnable) {
    throw new ConfigError(
      'broker.id is -1 and broker.id.generation.enable is false: set broker.id',
      'broker.id',
    );
  }
  const { version } = await zk.run((session) => session.setData(SEQUENCE_PATH, Buffer.alloc(0), -1));
  return config.reservedBrokerMaxId + version;
}
