import { Admin } from '../../clients/kafka/admin/admin.ts';
import { Cluster } from '../../clients/kafka/cluster/cluster.ts';
import type { ClusterMetadata } from '../../clients/kafka/cluster/cluster-metadata.ts';
import { type ClusterOptions, clusterSettings } from '../../clients/kafka/cluster/cluster-options.ts';
import { parseAdminConfig } from '../../clients/kafka/config/admin-config.ts';
import { KafkaError } from '../../clients/kafka/kafka-error.ts';
import { parseConnectString } from '../../clients/zookeeper/connect-string.ts';
import { ZooKeeperClient } from '../../clients/zookeeper/zookeeper-client.ts';
import { ZooKeeperError } from '../../clients/zookeeper/zookeeper-error.ts';
import { fourLetterWord } from '../four-letter-word.ts';
import { type ConnectionFlags, clientProperties, tellNotes } from '../verbs/connection.ts';
import { EXIT, type VerbContext } from '../verbs/verb.ts';
import { checkAddresses } from './addresses.ts';
import { checkBrokers, checkController, checkVersions } from './brokers.ts';
import { type Finding, VERDICTS, type Verdict } from './finding.ts';
import { checkPartitions } from './partitions.ts';
import { askServers, judgeQuorum } from './quorum.ts';
import { compareBrokerClocks, compareOwnClock, compareWithZooKeeper } from './zookeeper-view.ts';

interface DoctorFlags extends ConnectionFlags {
  readonly zookeeper?: string;
  readonly probeClock?: boolean;
}

type Context = VerbContext<DoctorFlags>;

/** How long one call may try before its silence is a finding. */
const CALL_LIMIT_MS = 10_000;
const SESSION_MS = 10_000;

/** `doctor`: looks at a cluster from the client's side, and says what is wrong and what to do. */
export async function examine(context: Context): Promise<number> {
  const { env, flags, output } = context;
  const { options, notes } = parseAdminConfig(clientProperties(env, flags));
  tellNotes(output, notes);
  const settings = { ...options, apiTimeoutMs: flags.timeout ?? CALL_LIMIT_MS };
  const findings = await checkAddresses(env, clusterSettings(settings).bootstrap);
  const metadata = await metadataOf(context, settings);
  if (metadata instanceof KafkaError) {
    findings.push(silence(metadata));
  } else {
    findings.push(...(await examineKafka(context, settings, metadata)));
  }
  const known = metadata instanceof KafkaError ? undefined : metadata;
  findings.push(...(await examineZooKeeper(context, known)));
  return report(context, findings);
}

function silence(error: KafkaError): Finding {
  return {
    check: 'brokers',
    verdict: 'problem',
    message: `no broker answers: ${error.message}`,
    remedy: 'start the brokers, or correct --bootstrap-server; a TLS listener does not answer plaintext',
  };
}

async function metadataOf({ env }: Context, options: ClusterOptions): Promise<ClusterMetadata | KafkaError> {
  const cluster = new Cluster(env, options);
  try {
    return await cluster.retry(() => cluster.refresh());
  } catch (error) {
    if (error instanceof KafkaError) return error;
    throw error;
  } finally {
    cluster.close();
  }
}

async function examineKafka(
  { env }: Context,
  options: ClusterOptions,
  metadata: ClusterMetadata,
): Promise<Finding[]> {
  const { bootstrap } = clusterSettings(options);
  const findings = await checkBrokers(env, options, bootstrap, metadata);
  findings.push(checkController(metadata));
  const parts = [
    () => checkVersions(env, options, metadata),
    async () => {
      await using admin = new Admin(env, options);
      return await checkPartitions(admin, [...metadata.brokers.keys()]);
    },
  ];
  for (const part of parts) {
    try {
      findings.push(...(await part()));
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      findings.push({ check: 'partitions', verdict: 'unknown', message: error.message });
    }
  }
  return findings;
}

async function examineZooKeeper(context: Context, metadata: ClusterMetadata | undefined): Promise<Finding[]> {
  const { env, flags } = context;
  const connectString = flags.zookeeper ?? process.env['ZOOKEEPER_CONNECT'];
  if (connectString === undefined) {
    const message = 'quorum and clocks were not looked at';
    return [{ check: 'quorum', verdict: 'unknown', message, remedy: 'give --zookeeper host:port,...' }];
  }
  const { servers } = parseConnectString(connectString);
  const answers = await askServers(env, servers);
  const findings = judgeQuorum(answers);
  if (answers.every(({ facts, trouble }) => facts === undefined && trouble?.verdict === 'problem'))
    return findings;
  const connectedAtMs = env.clock.nowMs();
  let client: ZooKeeperClient | undefined;
  try {
    client = await ZooKeeperClient.connect(env, {
      connectString,
      sessionTimeoutMs: SESSION_MS,
      connectTimeoutMs: SESSION_MS,
    });
    if (metadata !== undefined) findings.push(...(await compareWithZooKeeper(client, metadata)));
    findings.push(...(await compareBrokerClocks(client)));
    // Only with one server is it sure that the connection is to the one that is asked.
    const [first] = servers;
    const cons =
      servers.length === 1 && first !== undefined
        ? await fourLetterWord(env, first.host, first.port, 'cons')
        : undefined;
    const probe = flags.probeClock === true;
    findings.push(await compareOwnClock(client, env.clock, { connectedAtMs, cons, probe }));
  } catch (error) {
    if (!(error instanceof ZooKeeperError)) throw error;
    const message = `ZooKeeper at ${connectString}: ${error.message}`;
    findings.push({
      check: 'quorum',
      verdict: 'problem',
      message,
      remedy: 'see the findings about its servers',
    });
  } finally {
    await client?.close();
  }
  return findings;
}

const SIGNS: Readonly<Record<Verdict, readonly [sign: string, colour: 'green' | 'dim' | 'yellow' | 'red']>> =
  {
    ok: ['ok', 'green'],
    unknown: ['?', 'dim'],
    warning: ['warning', 'yellow'],
    problem: ['PROBLEM', 'red'],
  };

function report({ output }: Context, findings: readonly Finding[]): number {
  const count = (verdict: Verdict) => findings.filter((finding) => finding.verdict === verdict).length;
  const counts = Object.fromEntries(VERDICTS.map((verdict) => [verdict, count(verdict)]));
  const ok = count('problem') === 0;
  output.result({ ok, counts, findings }, () => {
    for (const { check, verdict, message, remedy } of findings) {
      const [sign, colour] = SIGNS[verdict];
      output.line(`${output.style(colour, sign.padEnd(8))} ${check.padEnd(10)} ${message}`);
      if (remedy !== undefined) output.line(`${' '.repeat(20)}-> ${remedy}`);
    }
    const warnings = count('warning');
    const counted = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;
    const summary = ok ? 'nothing is wrong' : counted(count('problem'), 'problem');
    output.line(`\n${summary}${warnings > 0 ? `, ${counted(warnings, 'warning')}` : ''}`);
  });
  return ok ? EXIT.ok : EXIT.failed;
}
