import { Admin } from '../../clients/kafka/admin/admin.ts';
import { Cluster } from '../../clients/kafka/cluster/cluster.ts';
import type { BrokerNode, ClusterMetadata } from '../../clients/kafka/cluster/cluster-metadata.ts';
import type { ClusterOptions } from '../../clients/kafka/cluster/cluster-options.ts';
import { KafkaError } from '../../clients/kafka/kafka-error.ts';
import { askForVersions } from '../../clients/kafka/network/api-versions.ts';
import type { Env } from '../../env/env.ts';
import { apis } from '../../wire/kafka/apis.ts';
import { ApiVersionsRequest, ApiVersionsResponse } from '../../wire/kafka/messages/18-api-versions.ts';
import { type Address, isLoopback, reach } from './addresses.ts';
import { type Finding, shortList } from './finding.ts';

const addressOf = ({ host, port }: BrokerNode) => `${host}:${port}`;

/**
 * The advertised listeners from here: what metadata tells clients to connect to must connect, and be the broker that it
 * is said to be.
 */
export async function checkBrokers(
  env: Env,
  options: ClusterOptions,
  bootstrap: readonly Address[],
  metadata: ClusterMetadata,
): Promise<Finding[]> {
  const brokers = [...metadata.brokers.values()];
  const findings = await Promise.all(
    brokers.map((broker) => checkBroker(env, options, bootstrap, broker, metadata.clusterId)),
  );
  return [...findings.flat(), ...duplicateAddresses(brokers)];
}

async function checkBroker(
  env: Env,
  options: ClusterOptions,
  bootstrap: readonly Address[],
  broker: BrokerNode,
  clusterId: string | null,
): Promise<Finding[]> {
  const name = `broker ${broker.id}, advertised as ${addressOf(broker)}`;
  const unreachable = await reach(env, broker);
  if (unreachable !== undefined) {
    const isHidden = isLoopback(broker.host) && !bootstrap.some(({ host }) => isLoopback(host));
    const remedy = isHidden
      ? `advertised.listeners of broker ${broker.id} names its own machine: set it to an address that clients can reach`
      : `${unreachable.remedy}; advertised.listeners of broker ${broker.id} must name an address that clients can reach`;
    return [{ check: 'brokers', verdict: 'problem', message: `${name}: ${unreachable.reason}`, remedy }];
  }
  const foreign = await whoAnswers(env, options, broker, clusterId);
  return [foreign ?? { check: 'brokers', verdict: 'ok', message: `${name}, answers as that broker` }];
}

/** A finding when the one who answers at a broker's address is somebody else. */
async function whoAnswers(
  env: Env,
  options: ClusterOptions,
  broker: BrokerNode,
  clusterId: string | null,
): Promise<Finding | undefined> {
  const address = addressOf(broker);
  const problem = (message: string, remedy: string): Finding => ({
    check: 'brokers',
    verdict: 'problem',
    message: `broker ${broker.id}: ${message}`,
    remedy,
  });
  const check = `see what listens at ${address}, and correct advertised.listeners of broker ${broker.id}`;
  await using admin = new Admin(env, { ...options, bootstrapServers: address });
  try {
    const there = await admin.describeCluster();
    if (there.clusterId !== clusterId) {
      return problem(`${address} belongs to cluster ${there.clusterId}, not to ${clusterId}`, check);
    }
    // Only the broker itself tells its configuration: another one refuses the id.
    const name = String(broker.id);
    await admin.describeConfigs([{ type: 'BROKER', name, keys: ['broker.id'] }]);
    return undefined;
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    if (error.code === 'INVALID_REQUEST')
      return problem(`${address} is another broker: ${error.message}`, check);
    if (error.code.endsWith('AUTHORIZATION_FAILED')) {
      const message = `broker ${broker.id}: ${address} answers, but this user may not ask who it is`;
      return { check: 'brokers', verdict: 'unknown', message };
    }
    return problem(`${address} connects and does not answer: ${error.message}`, check);
  }
}

function duplicateAddresses(brokers: readonly BrokerNode[]): Finding[] {
  const owners = new Map<string, number[]>();
  for (const broker of brokers) {
    owners.set(addressOf(broker), [...(owners.get(addressOf(broker)) ?? []), broker.id]);
  }
  return [...owners]
    .filter(([, ids]) => ids.length > 1)
    .map(([address, ids]) => ({
      check: 'brokers',
      verdict: 'problem',
      message: `brokers ${ids.join(' and ')} both advertise ${address}`,
      remedy: 'give each broker an advertised.listeners of its own',
    }));
}

/** Whether there is a controller. */
export function checkController(metadata: ClusterMetadata): Finding {
  const { controllerId, brokers } = metadata;
  if (brokers.has(controllerId)) {
    return { check: 'controller', verdict: 'ok', message: `broker ${controllerId} is the controller` };
  }
  return {
    check: 'controller',
    verdict: 'problem',
    message:
      'no broker is the controller: topics cannot be created, and no leader is elected when a broker goes',
    remedy:
      'look into the logs of the brokers for their connection to ZooKeeper, and at the node /controller there',
  };
}

/** Whether all brokers serve the same versions of the same APIs, as they do but during an upgrade. */
export async function checkVersions(
  env: Env,
  options: ClusterOptions,
  metadata: ClusterMetadata,
): Promise<Finding[]> {
  const cluster = new Cluster(env, options);
  try {
    await cluster.retry(() => cluster.refresh());
    const served = new Map<number, Map<number, string>>();
    for (const id of metadata.brokers.keys()) {
      const versions = await versionsOf(cluster, id);
      if (versions !== undefined) served.set(id, versions);
    }
    return [compareVersions(served)];
  } finally {
    cluster.close();
  }
}

async function versionsOf(cluster: Cluster, id: number): Promise<Map<number, string> | undefined> {
  try {
    const { apiKeys } = await cluster.request(
      id,
      { request: ApiVersionsRequest, response: ApiVersionsResponse },
      askForVersions,
    );
    return new Map(apiKeys.map((api) => [api.apiKey, `${api.minVersion}-${api.maxVersion}`]));
  } catch (error) {
    // That it cannot be asked is a finding of its own.
    if (error instanceof KafkaError) return undefined;
    throw error;
  }
}

export function compareVersions(served: ReadonlyMap<number, ReadonlyMap<number, string>>): Finding {
  if (served.size === 0) {
    return { check: 'versions', verdict: 'unknown', message: 'no broker tells which APIs it serves' };
  }
  const keys = new Set([...served.values()].flatMap((versions) => [...versions.keys()]));
  const mixed = [...keys].filter(
    (key) => new Set([...served.values()].map((versions) => versions.get(key))).size > 1,
  );
  if (mixed.length === 0) {
    const brokers = served.size === 1 ? 'the broker serves' : `all ${served.size} brokers serve`;
    return { check: 'versions', verdict: 'ok', message: `${brokers} ${keys.size} APIs in the same versions` };
  }
  const names = mixed.map((key) => apis.get(key)?.name ?? `API ${key}`);
  return {
    check: 'versions',
    verdict: 'warning',
    message: `brokers serve different versions of ${shortList(names)}`,
    remedy:
      'bring all brokers to the same version, and set inter.broker.protocol.version to it when all run it',
  };
}
