import assert from 'node:assert/strict';
import type { KafkaCluster, PartitionState } from '../../tools/peers/kafka-cluster.ts';
import type { RunOptions } from '../../tools/peers/process.ts';
import { until } from '../../tools/until.ts';
import type { Context } from './scenario.ts';

const tools = 'org.apache.kafka.tools';

/** Classes of Apache's commands, which Kafka 4 has partly moved. */
const classesOf = {
  apiVersions: ['kafka.admin.BrokerApiVersionsCommand', `${tools}.BrokerApiVersionsCommand`],
  configs: ['kafka.admin.ConfigCommand', 'kafka.admin.ConfigCommand'],
  reassign: [`${tools}.reassign.ReassignPartitionsCommand`, `${tools}.reassign.ReassignPartitionsCommand`],
  elect: [`${tools}.LeaderElectionCommand`, `${tools}.LeaderElectionCommand`],
  topics: [`${tools}.TopicCommand`, `${tools}.TopicCommand`],
  groups: [`${tools}.consumer.group.ConsumerGroupCommand`, `${tools}.consumer.group.ConsumerGroupCommand`],
  logDirs: [`${tools}.LogDirsCommand`, `${tools}.LogDirsCommand`],
  offsets: [`${tools}.GetOffsetShell`, `${tools}.GetOffsetShell`],
  producer: [`${tools}.VerifiableProducer`, `${tools}.VerifiableProducer`],
  consumer: [`${tools}.VerifiableConsumer`, `${tools}.VerifiableConsumer`],
  cluster: [`${tools}.ClusterTool`, `${tools}.ClusterTool`],
  transactions: [`${tools}.TransactionsCommand`, `${tools}.TransactionsCommand`],
} as const;

export type Replicas = Pick<PartitionState, 'topic' | 'partition' | 'replicas'>;

/** What `kafka-reassign-partitions` reads. */
export function reassignmentJson(partitions: readonly Replicas[]): string {
  const wanted = partitions.map(({ topic, partition, replicas }) => ({ topic, partition, replicas }));
  return JSON.stringify({ version: 1, partitions: wanted });
}

/** Java's commands, run on a cluster. */
export class ClusterTools {
  readonly cluster: KafkaCluster;
  private readonly context: Context;
  private readonly isNew: boolean;
  private files = 0;

  /** Commands of the reference version, or of the newest. */
  constructor(context: Context, cluster: KafkaCluster, version: 'reference' | 'newest' = 'reference') {
    this.context = context;
    this.cluster = cluster;
    this.isNew = version === 'newest';
  }

  /** Runs a command to its end; what it has printed. */
  async run(
    name: keyof typeof classesOf,
    args: readonly string[],
    options: RunOptions = {},
  ): Promise<string> {
    const { toolbox } = this.context;
    const classPath = await (this.isNew ? toolbox.newKafka() : toolbox.apache());
    const mainClass = classesOf[name][this.isNew ? 1 : 0];
    const where = ['--bootstrap-server', this.cluster.bootstrap];
    const at = name === 'cluster' ? [...args, ...where] : [...where, ...args];
    const { stdout, stderr } = await toolbox.java(classPath, mainClass, at, options);
    return options.mayFail === true ? stdout + stderr : stdout;
  }

  /** A file for a command to read. */
  file(text: string): string {
    return this.cluster.workspace.file(`tool-${this.files++}${this.isNew ? '-new' : ''}.json`, text);
  }

  /** Creates a topic on all brokers, three at most, and waits until its replicas are in sync. */
  async createTopic(topic: string, partitions: number, config: readonly string[] = []): Promise<void> {
    const replicas = `${Math.min(3, this.cluster.brokers.length)}`;
    const args = ['--topic', topic, '--partitions', `${partitions}`, '--replication-factor', replicas];
    await this.run('topics', ['--create', ...args, ...config.flatMap((setting) => ['--config', setting])]);
    await this.cluster.inSync(topic);
  }

  /** Sets a topic's configuration. */
  async alterTopic(topic: string, setting: string): Promise<void> {
    const entity = ['--entity-type', 'topics', '--entity-name', topic];
    const text = await this.run('configs', ['--alter', ...entity, '--add-config', setting]);
    assert.match(text, /Completed updating config for topic/);
  }

  /** Begins to move partitions; `more` are further arguments. */
  async execute(partitions: readonly Replicas[], more: readonly string[] = []): Promise<void> {
    const file = this.file(reassignmentJson(partitions));
    const text = await this.run('reassign', ['--reassignment-json-file', file, '--execute', ...more]);
    assert.match(text, /Successfully started partition reassignment/);
  }

  /** Moves partitions and waits until that is done. */
  async reassign(partitions: readonly Replicas[], more: readonly string[] = []): Promise<void> {
    await this.execute(partitions, more);
    await until('partitions are reassigned', async () => (await this.cluster.reassigning()).length === 0, {
      withinMs: 120_000,
      everyMs: 200,
    });
    const file = this.file(reassignmentJson(partitions));
    const text = await this.run('reassign', ['--reassignment-json-file', file, '--verify']);
    const done = text.match(/^Reassignment of partition \S+ is completed\.$/gm) ?? [];
    assert.equal(done.length, partitions.length, text);
  }
}
