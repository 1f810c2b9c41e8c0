import { getOrPut } from '../../../base/get-or-put.ts';
import type { TopicPartitions } from '../types/common.ts';

interface PauseState {
  isWholeTopic: boolean;
  readonly paused: Set<number>;
  /** Exceptions while the whole topic is paused. */
  readonly resumed: Set<number>;
}

/** Which partitions a member has, and which of them it does not want to read now. Pausing outlives assignments. */
export class SubscriptionState {
  private assignment: ReadonlyMap<string, readonly number[]> = new Map();
  private readonly states = new Map<string, PauseState>();

  assign(assignment: ReadonlyMap<string, readonly number[]>): void {
    this.assignment = assignment;
  }

  /** Without partitions, the whole topic. */
  pause(topics: readonly { topic: string; partitions?: readonly number[] }[]): void {
    for (const { topic, partitions } of topics) {
      const state = this.stateOf(topic);
      state.isWholeTopic = partitions === undefined;
      if (partitions === undefined) {
        state.paused.clear();
        state.resumed.clear();
      }
      for (const partition of partitions ?? []) {
        state.paused.add(partition);
        state.resumed.delete(partition);
      }
    }
  }

  resume(topics: readonly { topic: string; partitions?: readonly number[] }[]): void {
    for (const { topic, partitions } of topics) {
      const state = this.stateOf(topic);
      if (partitions === undefined) {
        state.isWholeTopic = false;
        state.paused.clear();
        state.resumed.clear();
      }
      for (const partition of partitions ?? []) {
        state.paused.delete(partition);
        if (state.isWholeTopic) state.resumed.add(partition);
      }
    }
  }

  isPaused(topic: string, partition: number): boolean {
    const state = this.states.get(topic);
    if (state === undefined) return false;
    return state.paused.has(partition) || (state.isWholeTopic && !state.resumed.has(partition));
  }

  assigned(): TopicPartitions[] {
    return this.select(() => true);
  }

  active(): TopicPartitions[] {
    return this.select((topic, partition) => !this.isPaused(topic, partition));
  }

  paused(): TopicPartitions[] {
    const paused = this.select((topic, partition) => this.isPaused(topic, partition));
    return paused.filter(({ partitions }) => partitions.length > 0);
  }

  private select(isWanted: (topic: string, partition: number) => boolean): TopicPartitions[] {
    return [...this.assignment].map(([topic, partitions]) => ({
      topic,
      partitions: partitions.filter((partition) => isWanted(topic, partition)).sort((a, b) => a - b),
    }));
  }

  private stateOf(topic: string): PauseState {
    return getOrPut(this.states, topic, () => ({
      isWholeTopic: false,
      paused: new Set<number>(),
      resumed: new Set<number>(),
    }));
  }
}
