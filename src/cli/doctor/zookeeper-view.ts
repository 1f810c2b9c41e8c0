import type { ClusterMetadata } from '../../clients/kafka/cluster/cluster-metadata.ts';
import type { ZooKeeperClient } from '../../clients/zookeeper/zookeeper-client.ts';
import { isZooKeeperError } from '../../clients/zookeeper/zookeeper-error.ts';
import type { Clock } from '../../env/clock.ts';
import type { Finding } from './finding.ts';

const SLACK_MS = 1000;
const PROBLEM_MS = 60_000;
/** Registering takes as long as a busy broker and ensemble need. */
const REGISTRATION_SLACK_MS = 5000;

const SYNCHRONISE = 'synchronise the clocks of all machines (NTP, chrony)';

/** What ZooKeeper holds of the cluster must be what the brokers say. */
export async function compareWithZooKeeper(
  client: ZooKeeperClient,
  metadata: ClusterMetadata,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const clusterId = await json(client, '/cluster/id', 'id');
  if (clusterId === undefined) {
    const remedy = 'give the chroot of zookeeper.connect behind the servers, such as host:2181/kafka';
    const message = 'there is no Kafka below this place in ZooKeeper (/cluster/id)';
    return [{ check: 'brokers', verdict: 'problem', message, remedy }];
  }
  if (clusterId !== metadata.clusterId) {
    const message = `ZooKeeper knows cluster ${String(clusterId)}, the brokers are of ${metadata.clusterId}`;
    return [
      { check: 'brokers', verdict: 'problem', message, remedy: 'correct --zookeeper or --bootstrap-server' },
    ];
  }
  const registered = (await client.getChildren('/brokers/ids')).map(Number).sort((a, b) => a - b);
  const missing = registered.filter((id) => !metadata.brokers.has(id));
  const stale = [...metadata.brokers.keys()].filter((id) => !registered.includes(id));
  if (missing.length + stale.length > 0) {
    const message = `ZooKeeper has brokers ${registered.join(', ')}, metadata has ${[...metadata.brokers.keys()].join(', ')}`;
    const remedy = 'brokers may be starting or going: ask again; else restart the controller';
    findings.push({ check: 'brokers', verdict: 'warning', message, remedy });
  }
  const controller = await json(client, '/controller', 'brokerid');
  if (controller !== undefined && controller !== metadata.controllerId) {
    const message = `ZooKeeper has broker ${String(controller)} as controller, the brokers ${metadata.controllerId}`;
    const remedy = 'the controller may be moving: ask again';
    findings.push({ check: 'controller', verdict: 'warning', message, remedy });
  }
  return findings;
}

async function json(client: ZooKeeperClient, path: string, key: string): Promise<unknown> {
  try {
    const { data } = await client.getData(path);
    const value: unknown = JSON.parse(data?.toString('utf8') ?? 'null');
    return typeof value === 'object' && value !== null && key in value
      ? (value as Readonly<Record<string, unknown>>)[key]
      : undefined;
  } catch (error) {
    if (isZooKeeperError(error, 'NONODE') || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * The clock of each broker against that of ZooKeeper: a broker writes its time into its registration, which ZooKeeper
 * stamps with its own. Of the moment at which the broker came; nothing is written for it.
 */
export async function compareBrokerClocks(client: ZooKeeperClient): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const id of await client.getChildren('/brokers/ids')) {
    const path = `/brokers/ids/${id}`;
    const timestamp = Number(await json(client, path, 'timestamp'));
    const stat = await client.exists(path);
    if (stat === null || !Number.isFinite(timestamp)) continue;
    findings.push(
      judgeClock(`broker ${id}`, 'ZooKeeper', timestamp - Number(stat.ctime), REGISTRATION_SLACK_MS),
    );
  }
  return findings;
}

/** `aheadMs` is how far the first clock is ahead of the second. */
export function judgeClock(a: string, b: string, aheadMs: number, slackMs = SLACK_MS): Finding {
  const apart = Math.abs(aheadMs);
  if (apart <= slackMs)
    return { check: 'clocks', verdict: 'ok', message: `the clocks of ${a} and ${b} agree` };
  return {
    check: 'clocks',
    verdict: apart > PROBLEM_MS ? 'problem' : 'warning',
    message: `the clock of ${a} is ${(apart / 1000).toFixed(1)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} that of ${b}`,
    remedy: SYNCHRONISE,
  };
}

/**
 * Our clock against ZooKeeper's: the word `cons` tells when it took our connection, by its clock. `probe` creates an
 * ephemeral node instead, for servers that do not allow the word.
 */
export async function compareOwnClock(
  client: ZooKeeperClient,
  clock: Clock,
  from: { readonly connectedAtMs: number; readonly cons: string | undefined; readonly probe: boolean },
): Promise<Finding> {
  const { connectedAtMs, cons, probe } = from;
  const established = establishedAtMs(cons ?? '');
  if (established !== undefined) return judgeClock('this machine', 'ZooKeeper', connectedAtMs - established);
  if (!probe) {
    return {
      check: 'clocks',
      verdict: 'unknown',
      message: "this machine's clock cannot be compared with ZooKeeper's",
      remedy:
        'allow cons in 4lw.commands.whitelist, or give --probe-clock, which creates an ephemeral node for a moment',
    };
  }
  const beforeMs = clock.nowMs();
  const path = await client.create('/streamkeeper-doctor-', null, { mode: 'ephemeralSequential' });
  const afterMs = clock.nowMs();
  const stat = await client.exists(path);
  await client.delete(path);
  return judgeClock('this machine', 'ZooKeeper', (beforeMs + afterMs) / 2 - Number(stat?.ctime ?? afterMs));
}

/** When the youngest connection with a session began, by the server's clock. */
export function establishedAtMs(cons: string): number | undefined {
  const times = [...cons.matchAll(/sid=0x[0-9a-f]+,[^)]*?\best=(\d+)/g)].map(([, time]) => Number(time));
  return times.length === 0 ? undefined : Math.max(...times);
}
