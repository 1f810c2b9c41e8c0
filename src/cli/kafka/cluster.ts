import { isKafkaError } from '../../clients/kafka/kafka-error.ts';
import type { BootstrapFrom } from '../client-settings.ts';
import { asExecutionError } from '../kafka-failure.ts';
import { firstCall, firstFuture, withAdmin } from './with-admin.ts';

/** Prints `Cluster ID: ...`. Throws JavaError as Apache's ClusterTool meets it. */
export async function printClusterId(from: BootstrapFrom): Promise<void> {
  await withAdmin(from, async (admin) => {
    const { clusterId } = await firstFuture('listNodes', () => admin.describeCluster());
    const told = clusterId === null ? undefined : `Cluster ID: ${clusterId}`;
    console.log(told ?? 'No cluster ID found. The Kafka version is probably too old.');
  });
}

/** Has the cluster forget a broker, and says so. */
export async function unregisterBroker(from: BootstrapFrom, brokerId: number): Promise<void> {
  await withAdmin(from, async (admin) => {
    try {
      await firstCall('unregisterBroker', () => admin.unregisterBroker(brokerId));
      console.log(`Broker ${brokerId} is no longer registered.`);
    } catch (error) {
      const isUnknown = isKafkaError(error, 'UNSUPPORTED') || isKafkaError(error, 'UNSUPPORTED_VERSION');
      if (!isUnknown) throw asExecutionError(error);
      console.log('The target cluster does not support the broker unregistration API.');
    }
  });
}
