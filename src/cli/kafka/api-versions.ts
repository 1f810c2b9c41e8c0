import { Cluster } from '../../clients/kafka/cluster/cluster.ts';
import type { BrokerNode } from '../../clients/kafka/cluster/cluster-metadata.ts';
import { askForVersions } from '../../clients/kafka/network/api-versions.ts';
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import { apis } from '../../wire/kafka/apis.ts';
import { ApiVersionsRequest, ApiVersionsResponse } from '../../wire/kafka/messages/18-api-versions.ts';
import { adminOptionsFor, type BootstrapFrom } from '../client-settings.ts';
import { asJavaError } from '../kafka-failure.ts';

/** APIs that clients of 3.9 may ask brokers for: those that a broker does not serve are named as UNSUPPORTED. */
const CLIENT_APIS: ReadonlySet<number> = new Set([
  ...range(0, 51),
  ...[55, 56, 57, 58, 60, 61, 64, 65, 66, 67, 68, 69, 71, 72, 74, 75, 76, 77, 78, 79, 80, 81],
  ...range(83, 87),
]);

/** What APIs were called in 3.9, where a later version has renamed them. */
const NAMES: Readonly<Record<number, string>> = { 74: 'ListClientMetricsResources' };

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** Asks every broker for its versions and prints them as Apache's BrokerApiVersionsCommand does. */
export async function printApiVersions(from: BootstrapFrom): Promise<void> {
  const env = createNodeEnv({ logLevel: 'silent' });
  const cluster = new Cluster(env, await adminOptionsFor(env, from));
  try {
    const { brokers } = await cluster.retry(() => cluster.askMetadata(null, false));
    for (const broker of brokers.values()) {
      const { host, port, id, rack } = broker;
      const versions = await versionsOf(cluster, broker);
      console.log(`${host}:${port} (id: ${id} rack: ${rack ?? 'null'}) -> ${versions}`);
    }
  } finally {
    cluster.close();
  }
}

async function versionsOf(cluster: Cluster, { id }: BrokerNode): Promise<string> {
  try {
    const messages = { request: ApiVersionsRequest, response: ApiVersionsResponse };
    const { apiKeys } = await cluster.request(id, messages, askForVersions);
    const served = new Map(
      apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, { min: minVersion, max: maxVersion }]),
    );
    const keys = [...new Set([...served.keys(), ...CLIENT_APIS])].sort((a, b) => a - b);
    return `(\n\t${keys.map((key) => describeApi(key, served.get(key))).join(',\n\t')}\n)`;
  } catch (error) {
    return `ERROR: ${String(asJavaError(error))}`;
  }
}

function describeApi(key: number, served: { min: number; max: number } | undefined): string {
  const api = apis.get(key);
  const name = `${NAMES[key] ?? api?.name ?? 'UNKNOWN'}(${key})`;
  if (served === undefined) return `${name}: UNSUPPORTED`;
  const versions = served.min === served.max ? `${served.min}` : `${served.min} to ${served.max}`;
  if (api === undefined) return `${name}: ${versions}`;
  const { min, max } = api.request.versions;
  if (max < served.min) return `${name}: ${versions} [unusable: node too new]`;
  if (served.max < min) return `${name}: ${versions} [unusable: node too old]`;
  return `${name}: ${versions} [usable: ${Math.min(max, served.max)}]`;
}
