import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaCluster } from '../../tools/peers/kafka-cluster.ts';
import type { Daemon } from '../../tools/peers/process.ts';
import { until } from '../../tools/until.ts';
import type { Context } from './scenario.ts';

const sources = ['test/compat/java/ClusterLoad.java', 'test/compat/java/ClusterCheck.java'];

/** How long a cluster may go without acknowledging anything, elections, restarts and a busy machine included. */
const PATIENCE_MS = 180_000;

interface LoadOptions {
  readonly topic: string;
  /** Records per second, of all producers together. */
  readonly perSecond: number;
}

interface Counts {
  readonly acknowledged: number;
  readonly failed: number;
  readonly consumed: number;
  readonly commits: number;
  readonly rebalances: number;
}

/**
 * Java's idempotent producers and a consumer group, which go on while brokers come and go, and write down what was
 * acknowledged to them (ClusterLoad.java).
 */
export class ClusterLoad {
  private readonly context: Context;
  private readonly cluster: KafkaCluster;
  private readonly classPath: string;
  private readonly topic: string;
  private readonly directory: string;
  private readonly logFile: string;
  private readonly daemon: Daemon;

  private constructor(parts: {
    context: Context;
    cluster: KafkaCluster;
    classPath: string;
    options: LoadOptions;
  }) {
    const { context, cluster, classPath, options } = parts;
    this.context = context;
    this.cluster = cluster;
    this.classPath = classPath;
    this.topic = options.topic;
    this.directory = cluster.workspace.dir(`load-${options.topic}`);
    this.logFile = join(cluster.workspace.path, `load-${options.topic}.log`);
    this.daemon = context.toolbox.javaDaemon(classPath, 'ClusterLoad', {
      args: [cluster.bootstrap, options.topic, this.directory, `${options.perSecond}`],
      logFile: this.logFile,
    });
  }

  /** Begins the load on a topic that is there; resolves once records are acknowledged and consumed. */
  static async start(context: Context, cluster: KafkaCluster, options: LoadOptions): Promise<ClusterLoad> {
    const classPath = await context.toolbox.compileJava('cluster', await context.toolbox.apache(), sources);
    const load = new ClusterLoad({ context, cluster, classPath, options });
    try {
      await load.progress();
      await load.committed();
      return load;
    } catch (error) {
      await load.abort();
      throw error;
    }
  }

  get counts(): Counts {
    const path = join(this.directory, 'progress');
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const [acknowledged = 0, failed = 0, consumed = 0, commits = 0, rebalances = 0] = text
      .split(' ')
      .map(Number);
    return { acknowledged, failed, consumed, commits, rebalances };
  }

  /** Waits until so many more records have been acknowledged. */
  async progress(records = 50): Promise<void> {
    const { acknowledged } = this.counts;
    await this.waitFor('records are acknowledged', (counts) => counts.acknowledged >= acknowledged + records);
  }

  /** Waits until the group has committed once more. */
  async committed(): Promise<void> {
    const { commits } = this.counts;
    await this.waitFor('the group commits', (counts) => counts.commits > commits);
  }

  private async waitFor(what: string, check: (counts: Counts) => boolean): Promise<void> {
    const isThere = () => this.daemon.child.exitCode !== null || check(this.counts);
    const isLate = await until(what, isThere, { withinMs: PATIENCE_MS }).then(
      () => false,
      () => true,
    );
    const isOver = this.daemon.child.exitCode !== null;
    if (!isLate && !isOver) return;
    // What its threads are waiting for.
    this.daemon.child.kill('SIGQUIT');
    await delay(1000);
    const said = readFileSync(this.logFile, 'utf8').slice(-20_000);
    assert.fail(`${isOver ? 'the load has ended' : `not within ${PATIENCE_MS} ms: ${what}`}:\n${said}`);
  }

  /**
   * Ends the load, waits until the group has read all and the replicas are in sync, and fails unless everything is
   * as it was acknowledged; a line that says what was seen.
   */
  async finish(): Promise<string> {
    const { cluster, context, topic, directory, daemon } = this;
    cluster.workspace.file(`load-${topic}/stop`, '');
    await daemon.shows(/^done: /m, 180_000);
    const { acknowledged, commits, rebalances } = this.counts;
    await this.abort();
    await cluster.inSync();
    const { stdout } = await context.toolbox.java(this.classPath, 'ClusterCheck', [
      cluster.bootstrap,
      topic,
      directory,
    ]);
    const [, checked, open, failed] = /^checked: (\d+) (\d+) (\d+) \d+$/m.exec(stdout) ?? [];
    assert.equal(Number(checked), acknowledged, stdout);
    const others = Number(failed) === 0 ? '' : ` (${open} of ${failed} unacknowledged ones are there, once)`;
    return `${acknowledged} records exactly once and in order${others}; ${commits} commits kept in ${rebalances} rebalances`;
  }

  /** Ends the load at once. */
  abort(): Promise<void> {
    return this.daemon.stop('SIGKILL');
  }
}
