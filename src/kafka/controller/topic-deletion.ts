import type { CommandResult } from '../metadata/controller-commands.ts';
import { CommandBatch } from './command-batch.ts';
import { type Replica, type ReplicaPhase, replicaPhase, type TopicContext } from './controller-context.ts';
import type { MachineParts, PartitionStates } from './partition-states.ts';
import type { ReplicaStates } from './replica-states.ts';

/**
 * Deletes topics that `/admin/delete_topics` names, as `kafka.controller.TopicDeletionManager` (3.9) does.
 *
 * Steps of a topic: queued -> its partitions are taken from all brokers' metadata -> every replica is stopped,
 * then deleted -> once all have been, its znodes go: the topic, its configuration, the request. A dead replica,
 * or one that could not be deleted, makes the topic wait (ineligible) until {@link TopicDeletion.resume}.
 */
export class TopicDeletion {
  readonly #parts: MachineParts;
  readonly #partitions: PartitionStates;
  readonly #replicas: ReplicaStates;

  constructor(parts: MachineParts, partitions: PartitionStates, replicas: ReplicaStates) {
    this.#parts = parts;
    this.#partitions = partitions;
    this.#replicas = replicas;
  }

  /** Marks topics as being deleted, without starting: those with a dead replica have to wait. */
  queue(topics: Iterable<TopicContext>): void {
    for (const topic of topics) {
      if (topic.deletion === 'none') topic.deletion = 'queued';
    }
  }

  markIneligible(topics: Iterable<TopicContext>, reason: string): void {
    for (const topic of topics) {
      if (topic.deletion === 'none' || topic.deletionIneligible) continue;
      topic.deletionIneligible = true;
      this.#parts.log.info('the deletion of a topic has to wait', { topic: topic.name, reason });
    }
  }

  /** Tries again topics whose reason to wait may be gone. */
  async resume(topics: Iterable<TopicContext>): Promise<void> {
    let any = false;
    for (const topic of topics) {
      if (topic.deletion === 'none') continue;
      topic.deletionIneligible = false;
      any = true;
    }
    if (any) await this.proceed();
  }

  /** A broker has deleted replicas, or failed to. */
  async replicasDeleted(brokerId: number, result: CommandResult): Promise<void> {
    const { context } = this.#parts;
    const deleted: Replica[] = [];
    const failed: Replica[] = [];
    for (const item of result.partitions) {
      const partition = context.partition(item.topic, item.partition);
      if (partition === undefined || partition.topic.deletion === 'none') continue;
      (item.errorCode === 0 ? deleted : failed).push({ partition, brokerId });
    }
    if (failed.length > 0) await this.fail(failed, 'a replica could not be deleted');
    await this.#replicas.move(deleted, 'deletionSuccessful');
    await this.proceed();
  }

  /** Replicas of topics that are being deleted have failed, or their broker has gone. */
  async fail(replicas: readonly Replica[], reason: string): Promise<void> {
    const queued = replicas.filter(({ partition }) => partition.topic.deletion !== 'none');
    if (queued.length === 0) return;
    await this.#replicas.move(queued, 'deletionIneligible');
    this.markIneligible(new Set(queued.map(({ partition }) => partition.topic)), reason);
    await this.proceed();
  }

  /** Takes every queued topic as far as it goes. */
  async proceed(): Promise<void> {
    const retry: Replica[] = [];
    const start: TopicContext[] = [];
    for (const topic of this.#queued()) {
      const replicas = [...this.#parts.context.replicasOf(topic)];
      const anyIn = (phase: ReplicaPhase) => replicas.some((replica) => replicaPhase(replica) === phase);
      if (replicas.every((replica) => replicaPhase(replica) === 'deletionSuccessful')) {
        await this.#complete(topic, replicas);
        continue;
      }
      const inProgress = anyIn('deletionStarted');
      if (!inProgress)
        retry.push(...replicas.filter((replica) => replicaPhase(replica) === 'deletionIneligible'));
      if (!inProgress && !topic.deletionIneligible) start.push(topic);
    }
    await this.#replicas.move(retry, 'offline');
    if (start.length > 0) await this.#start(start);
  }

  #queued(): TopicContext[] {
    return [...this.#parts.context.topics.values()].filter((topic) => topic.deletion !== 'none');
  }

  async #start(topics: readonly TopicContext[]): Promise<void> {
    const { context, log, controllerId } = this.#parts;
    log.info('deleting topics', { topics: topics.map((topic) => topic.name) });
    const unseen = topics.filter((topic) => topic.deletion === 'queued');
    const unseenPartitions = unseen.flatMap((topic) => [...topic.partitions.values()]);
    this.#partitions.move(unseenPartitions, 'offline');
    this.#partitions.move(unseenPartitions, 'nonExistent');
    for (const topic of unseen) topic.deletion = 'started';

    const batch = new CommandBatch(context, controllerId);
    batch.updateMetadata(
      context.brokers.keys(),
      topics.flatMap((topic) => [...topic.partitions.values()]),
    );
    this.#parts.send(batch);
    await this.#deleteReplicas(topics);
  }

  async #deleteReplicas(topics: readonly TopicContext[]): Promise<void> {
    const { context } = this.#parts;
    const dead: Replica[] = [];
    const alive: Replica[] = [];
    for (const replica of topics.flatMap((topic) => [...context.replicasOf(topic)])) {
      if (!context.isOnline(replica.brokerId, replica.partition)) dead.push(replica);
      else if (replicaPhase(replica) !== 'deletionSuccessful') alive.push(replica);
    }
    await this.#replicas.move(
      dead.filter((replica) => replicaPhase(replica) !== 'deletionIneligible'),
      'deletionIneligible',
    );
    await this.#replicas.move(alive, 'offline');
    await this.#replicas.move(alive, 'deletionStarted');
    this.markIneligible(new Set(dead.map(({ partition }) => partition.topic)), 'a replica is offline');
  }

  async #complete(topic: TopicContext, replicas: readonly Replica[]): Promise<void> {
    const { context, topics, configs, log } = this.#parts;
    await this.#replicas.move(replicas, 'nonExistent');
    await topics.deleteTopic(topic.name, context.epochZkVersion);
    await configs.deleteTopicConfig(topic.name, context.epochZkVersion);
    await topics.removeDeletion(topic.name, context.epochZkVersion);
    context.removeTopic(topic.name);
    log.info('deleted a topic', { topic: topic.name });
  }
}
