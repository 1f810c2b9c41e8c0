import type { Env } from '../../env/env.ts';
import type { Timer } from '../../env/timers.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import { type TopicPartition, topicPartitionKey } from '../log/topic-partition.ts';
import type { IsrChange, IsrChangeOutcome, IsrChanges } from '../replica/isr-changes.ts';
import type { NotificationStore } from '../zk/notification-store.ts';
import type { TopicStore } from '../zk/topic-store.ts';

/** As `ZkAlterPartitionManager` and its IsrChangePropagationConfig have it. */
const CHECK_INTERVAL_MS = 2_500;
const LINGER_MS = 5_000;
const MAX_DELAY_MS = 60_000;

/**
 * Changes ISRs in ZooKeeper itself, as leaders did before inter-broker protocol 2.7 (KIP-497), and tells the controller
 * of it by a node in `/isr_change_notification`: when no change has come for five seconds, or after a minute.
 */
export class ZooKeeperIsrChanges implements IsrChanges {
  private readonly env: Env;
  private readonly topics: Pick<TopicStore, 'changeIsr'>;
  private readonly notifications: Pick<NotificationStore, 'isrChanged'>;
  private readonly timer: Timer;
  private untold = new Map<string, TopicPartition>();
  private lastChangeMs = Number.NEGATIVE_INFINITY;
  private lastToldMs: number;
  private telling = false;

  constructor(
    env: Env,
    topics: Pick<TopicStore, 'changeIsr'>,
    notifications: Pick<NotificationStore, 'isrChanged'>,
  ) {
    this.env = env;
    this.topics = topics;
    this.notifications = notifications;
    this.lastToldMs = env.clock.monotonicMs();
    this.timer = env.timers.every(CHECK_INTERVAL_MS, () => this.tellWhenDue());
  }

  submit(change: IsrChange, done: (outcome: IsrChangeOutcome) => void): void {
    const { topic, partition, leaderEpoch, leaderRecovering, partitionEpoch, controllerEpoch } = change;
    const isr = change.isr.map(({ brokerId }) => brokerId);
    this.topics.changeIsr({ topic, partition }, { isr, leaderEpoch, controllerEpoch, partitionEpoch }).then(
      (written) => {
        // Another version than the leader's: the controller has changed the state, and will say so.
        if (written === null) {
          done({ error: ErrorCode.INVALID_UPDATE_VERSION });
          return;
        }
        this.untold.set(topicPartitionKey(change), { topic, partition });
        this.lastChangeMs = this.env.clock.monotonicMs();
        const { leader } = written;
        done({
          state: { leader, leaderEpoch, isr, leaderRecovering, partitionEpoch: written.partitionEpoch },
        });
      },
      (error: unknown) => {
        this.env.log.warn('an ISR cannot be written to ZooKeeper', { topic, partition, error });
        this.env.timers.after(CHECK_INTERVAL_MS, () => done({ error: ErrorCode.UNKNOWN_SERVER_ERROR }));
      },
    );
  }

  close(): void {
    this.timer.cancel();
  }

  private tellWhenDue(): void {
    const nowMs = this.env.clock.monotonicMs();
    const isDue = this.lastChangeMs + LINGER_MS < nowMs || this.lastToldMs + MAX_DELAY_MS < nowMs;
    if (this.telling || this.untold.size === 0 || !isDue) return;
    const told = this.untold;
    this.untold = new Map();
    this.telling = true;
    this.notifications.isrChanged([...told.values()]).then(
      () => {
        this.telling = false;
        this.lastToldMs = this.env.clock.monotonicMs();
      },
      (error: unknown) => {
        this.telling = false;
        this.untold = new Map([...told, ...this.untold]);
        this.env.log.warn('the controller cannot be told of changed ISRs yet', { error });
      },
    );
  }
}
