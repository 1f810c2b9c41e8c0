import type { Clock } from '../../env/clock.ts';
import type { Log } from '../../env/log.ts';
import type { Timers } from '../../env/timers.ts';
import { AdminStore } from './admin-store.ts';
import { BrokerStore } from './broker-store.ts';
import { ClusterStore } from './cluster-store.ts';
import { ConfigStore } from './config-store.ts';
import { ConsumerOffsetStore } from './consumer-offset-store.ts';
import { ControllerStore } from './controller-store.ts';
import { ControllerMovedError } from './guarded.ts';
import { NotificationStore } from './notification-store.ts';
import { ProducerIdStore } from './producer-id-store.ts';
import { TopicStore } from './topic-store.ts';
import type { ZkConnection } from './zk-connection.ts';

/** Everything a broker keeps in ZooKeeper, by subject. */
export interface ZkStores {
  admin: AdminStore;
  brokers: BrokerStore;
  cluster: ClusterStore;
  configs: ConfigStore;
  consumerOffsets: ConsumerOffsetStore;
  election: ControllerStore;
  notifications: NotificationStore;
  producerIds: ProducerIdStore;
  topics: TopicStore;
  isControllerMoved(error: unknown): boolean;
}

export function createZkStores(zk: ZkConnection, env: { clock: Clock; timers: Timers; log: Log }): ZkStores {
  return {
    admin: new AdminStore(zk),
    brokers: new BrokerStore(zk, env),
    cluster: new ClusterStore(zk),
    configs: new ConfigStore(zk),
    consumerOffsets: new ConsumerOffsetStore(zk),
    election: new ControllerStore(zk, env.clock),
    notifications: new NotificationStore(zk),
    producerIds: new ProducerIdStore(zk),
    topics: new TopicStore(zk),
    isControllerMoved: (error) => error instanceof ControllerMovedError,
  };
}
