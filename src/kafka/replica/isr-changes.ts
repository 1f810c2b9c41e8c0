import type { Env } from '../../env/env.ts';
import type { Timer } from '../../env/timers.ts';
import { ErrorCode, errorOf } from '../../wire/kafka/errors.ts';
import { topicPartitionKey } from '../log/topic-partition.ts';
import type {
  AlterPartitionCommand,
  AlterPartitionResult,
  PartitionAlteration,
} from '../metadata/alter-partition.ts';
import type { LeaderAndIsr } from '../metadata/model.ts';

/** A change of the ISR that a leader asks for. */
export interface IsrChange extends PartitionAlteration {
  /** Of the controller that made this broker the leader. */
  readonly controllerEpoch: number;
}

/** What became of a change: the state that holds now, or why it was refused. */
export type IsrChangeOutcome = { readonly state: LeaderAndIsr } | { readonly error: number };

/** Where leaders have their ISRs changed: by the controller (KIP-497), or with old protocols in ZooKeeper. */
export interface IsrChanges {
  /** Calls `done` once, within the call or later. One change of a partition may be under way at a time. */
  submit(change: IsrChange, done: (outcome: IsrChangeOutcome) => void): void;
}

/** The controller, wherever it is. */
export interface AlterPartitionPort {
  /** Rejects when no answer comes. */
  alterPartition(command: AlterPartitionCommand): Promise<AlterPartitionResult>;
}

interface Pending {
  readonly change: IsrChange;
  readonly done: (outcome: IsrChangeOutcome) => void;
}

/** `DefaultAlterPartitionManager` waits as long after a refusal. */
const RETRY_MS = 50;

/**
 * Sends changes of ISRs to the controller (Apache's DefaultAlterPartitionManager): all that have gathered go in one
 * request, one request is under way at a time, and what was not answered goes again until it is.
 *
 * States: idle -> asking -> idle | waiting (after a failure) -> asking; closed is the end.
 */
export class AlterPartitionQueue implements IsrChanges {
  private readonly env: Env;
  private readonly options: { readonly brokerId: number; readonly brokerEpoch: () => number };
  private readonly controller: AlterPartitionPort;
  /** Not answered yet, by partition name: a topic made anew under the same name waits for the old one. */
  private readonly pending = new Map<string, Pending>();
  private asking = false;
  private closed = false;
  private timer: Timer | undefined;

  constructor(
    env: Env,
    options: { readonly brokerId: number; readonly brokerEpoch: () => number },
    controller: AlterPartitionPort,
  ) {
    this.env = env;
    this.options = options;
    this.controller = controller;
  }

  submit(change: IsrChange, done: (outcome: IsrChangeOutcome) => void): void {
    const key = topicPartitionKey(change);
    if (this.pending.has(key)) {
      done({ error: ErrorCode.OPERATION_NOT_ATTEMPTED });
      return;
    }
    this.pending.set(key, { change, done });
    // At the end of the turn, so that changes that come together go together.
    if (!this.asking && this.timer === undefined) this.askAfter(0);
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
    this.pending.clear();
  }

  private askAfter(delayMs: number): void {
    this.timer = this.env.timers.after(delayMs, () => {
      this.timer = undefined;
      this.ask();
    });
  }

  private ask(): void {
    const asked = [...this.pending.values()];
    if (asked.length === 0) return;
    this.asking = true;
    const { brokerId, brokerEpoch } = this.options;
    const partitions = asked.map(({ change }) => change);
    this.controller.alterPartition({ brokerId, brokerEpoch: brokerEpoch(), partitions }).then(
      (result) => this.answered(asked, result),
      (error: unknown) => {
        this.env.log.debug('a change of ISRs has no answer, and is sent again', { error: String(error) });
        this.goOn(RETRY_MS);
      },
    );
  }

  private answered(asked: readonly Pending[], { errorCode, partitions }: AlterPartitionResult): void {
    if (errorCode !== ErrorCode.NONE) {
      const error = errorOf(errorCode).name;
      this.env.log.info('the controller does not take changes of ISRs now, they are sent again', { error });
      this.goOn(RETRY_MS);
      return;
    }
    const answers = new Map(partitions.map((partition) => [topicPartitionKey(partition), partition]));
    const isSmooth = asked.every(({ change }) => {
      const answer = answers.get(topicPartitionKey(change));
      return answer !== undefined && answer.errorCode === ErrorCode.NONE;
    });
    // First, so that those who are answered can ask for the next change; some do so at once after an error.
    this.goOn(isSmooth ? 0 : RETRY_MS);
    for (const { change, done } of asked) {
      const key = topicPartitionKey(change);
      const answer = answers.get(key);
      if (answer === undefined || !this.pending.delete(key)) continue;
      done(answer.state === null ? { error: answer.errorCode } : { state: answer.state });
    }
  }

  private goOn(delayMs: number): void {
    this.asking = false;
    if (!this.closed) this.askAfter(delayMs);
  }
}
