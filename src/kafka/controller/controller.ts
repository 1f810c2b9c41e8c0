import type { Clock } from '../../env/clock.ts';
import type { Log } from '../../env/log.ts';
import type { Random } from '../../env/random.ts';
import type { Timer, Timers } from '../../env/timers.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import type { AlterPartitionCommand, AlterPartitionResult } from '../metadata/alter-partition.ts';
import type { ControlledShutdownResult } from './controlled-shutdown.ts';
import {
  type ControllerProtocol,
  ControllerTerm,
  type PartitionName,
  type ProducerIdAllocation,
} from './controller-term.ts';
import { type ControllerEvent, EventQueue } from './event-queue.ts';
import type { FeatureOutcome, FeatureUpdate } from './feature-updates.ts';
import type { ElectionOutcome, ElectionType } from './leader-elections.ts';
import type { BrokerChannel, ControllerStore } from './ports.ts';
import type { OngoingReassignment, ReassignmentOutcome, ReassignmentRequest } from './reassignments.ts';
import { WatchSlot } from './watch-slot.ts';

export interface ControllerOptions {
  env: { clock: Clock; timers: Timers; random: Random; log: Log };
  brokerId: number;
  store: ControllerStore;
  channel: BrokerChannel;
  /** `delete.topic.enable`. */
  deleteTopicEnable: boolean;
  /** `unclean.leader.election.enable` as it is now. */
  uncleanElectionDefault: () => boolean;
  protocol: ControllerProtocol;
  /** `auto.leader.rebalance.enable` and the keys beside it; null when it is off. */
  autoBalance: { intervalMs: number; percentage: number } | null;
  /** Registers this broker again after its session was lost. */
  registerBroker: () => Promise<void>;
}

const retryMs = 1000;
/** From the election to the first look at the balance of leaders. */
const firstBalanceMs = 5000;

/**
 * One broker's part in the controller election, and the controller itself while this broker has won.
 *
 * States: idle -> (start) follower or active; follower -> active when `/controller` goes and this broker creates
 * it first; active -> follower when another controller appears, a guarded write fails, or the session is lost;
 * any -> stopped. A term that fails for another reason gives up `/controller`, so that an election is held again
 * after a pause.
 *
 * Events run one at a time, in order. A watch or an answer that belongs to an earlier term does nothing.
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #queue: EventQueue;
  readonly #log: Log;
  #term: ControllerTerm | null = null;
  #activeControllerId: number | null = null;
  #controllerWatch: WatchSlot;
  #retry: Timer | null = null;
  #balance: Timer | null = null;
  #registered = true;
  #stopped = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#log = options.env.log;
    this.#queue = new EventQueue((event, error) => this.#eventFailed(event, error));
    this.#controllerWatch = this.#newControllerWatch();
  }

  /** The broker that is the controller, as far as this one knows. */
  get activeControllerId(): number | null {
    return this.#activeControllerId;
  }

  get isActive(): boolean {
    return this.#term !== null;
  }

  /** Epoch of the term of this broker; null while another is the controller. */
  get epoch(): number | null {
    return this.#term?.context.epoch ?? null;
  }

  /** Whether a topic is on its way out; false while another broker is the controller. */
  isTopicQueuedForDeletion(topic: string): boolean {
    return (this.#term?.context.topics.get(topic)?.deletion ?? 'none') !== 'none';
  }

  /** Joins the election. The broker must be registered. */
  start(): void {
    this.#queue.put('startup', () => this.#elect());
  }

  /** Ends the term, if there is one; `/controller` goes with the session. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retry?.cancel();
    await this.#queue.close();
    this.#resign();
  }

  /** The session has expired: someone else may be elected at any moment. */
  sessionLost(): void {
    this.#queue.clear();
    this.#controllerWatch = this.#newControllerWatch();
    this.#registered = false;
    this.#queue.put('session lost', async () => {
      this.#activeControllerId = null;
      this.#resign();
    });
  }

  /** A new session stands. */
  sessionRenewed(): void {
    this.#queue.put('register and elect again', () => this.#elect());
  }

  /** A leader wants other ISRs. NOT_CONTROLLER while another broker is the controller. */
  alterPartition(command: AlterPartitionCommand): Promise<AlterPartitionResult> {
    const failed = (errorCode: ErrorCode) => ({ errorCode, partitions: [] });
    return this.#ask('AlterPartition', (term) => term.alterPartition(command), {
      elsewhere: failed(ErrorCode.NOT_CONTROLLER),
      failed: failed(ErrorCode.UNKNOWN_SERVER_ERROR),
    });
  }

  /** A broker is about to stop. STALE_CONTROLLER_EPOCH while another broker is the controller. */
  controlledShutdown(brokerId: number, brokerEpoch: number): Promise<ControlledShutdownResult> {
    const failed = (errorCode: ErrorCode) => ({ errorCode, remaining: [] });
    return this.#ask('controlled shutdown', (term) => term.controlledShutdown(brokerId, brokerEpoch), {
      elsewhere: failed(ErrorCode.STALE_CONTROLLER_EPOCH),
      failed: failed(ErrorCode.UNKNOWN_SERVER_ERROR),
    });
  }

  /** Moves replicas, or cancels moves. Null while another broker is the controller. */
  alterReassignments(requests: readonly ReassignmentRequest[]): Promise<ReassignmentOutcome[] | null> {
    const failed = requests.map(({ topic, partition }) => ({
      topic,
      partition,
      errorCode: ErrorCode.UNKNOWN_SERVER_ERROR,
      errorMessage: null,
    }));
    const run = (term: ControllerTerm) => term.alterReassignments(requests);
    return this.#ask<ReassignmentOutcome[] | null>('reassign', run, { elsewhere: null, failed });
  }

  /** Moves under way, of all partitions or of these. Null while another broker is the controller. */
  listReassignments(partitions: readonly PartitionName[] | null): Promise<OngoingReassignment[] | null> {
    const run = (term: ControllerTerm) => term.listReassignments(partitions);
    return this.#ask<OngoingReassignment[] | null>('list reassignments', run, {
      elsewhere: null,
      failed: null,
    });
  }

  /** Elects leaders by request. NOT_CONTROLLER for each partition while another broker is the controller. */
  electLeaders(partitions: readonly PartitionName[], type: ElectionType): Promise<ElectionOutcome[]> {
    const all = (errorCode: ErrorCode): ElectionOutcome[] =>
      partitions.map((each) => ({ ...each, errorCode, errorMessage: null, leader: -1 }));
    return this.#ask('elect leaders', (term) => term.electLeaders(partitions, type), {
      elsewhere: all(ErrorCode.NOT_CONTROLLER),
      failed: all(ErrorCode.UNKNOWN_SERVER_ERROR),
    });
  }

  /** Changes finalized features. Null while another broker is the controller. */
  updateFeatures(updates: readonly FeatureUpdate[]): Promise<FeatureOutcome[] | null> {
    const failed = updates.map(({ feature }) => ({
      feature,
      errorCode: ErrorCode.FEATURE_UPDATE_FAILED,
      errorMessage: null,
    }));
    const run = (term: ControllerTerm) => term.updateFeatures(updates);
    return this.#ask<FeatureOutcome[] | null>('update features', run, { elsewhere: null, failed });
  }

  /** Gives a broker a block of producer ids. NOT_CONTROLLER while another broker is the controller. */
  allocateProducerIds(brokerId: number, brokerEpoch: number): Promise<ProducerIdAllocation> {
    const failed = (errorCode: ErrorCode) => ({ errorCode, first: 0n, count: 0 });
    const run = (term: ControllerTerm) => term.allocateProducerIds(brokerId, brokerEpoch);
    return this.#ask<ProducerIdAllocation>('allocate producer ids', run, {
      elsewhere: failed(ErrorCode.NOT_CONTROLLER),
      failed: failed(ErrorCode.UNKNOWN_SERVER_ERROR),
    });
  }

  /** Unclean elections have been allowed, for a topic or (null) by default: some partitions can be led again. */
  uncleanElectionsAllowed(topic: string | null): void {
    const term = this.#term;
    if (term === null) return;
    this.#queue.put('unclean elections allowed', async () => {
      if (this.#term === term) await term.uncleanElectionsAllowed(topic);
    });
  }

  /**
   * Has the term do something, in its turn among the events. `elsewhere` is the answer when this broker is not the
   * controller by then, `failed` when it came to no end.
   */
  #ask<T>(
    name: string,
    run: (term: ControllerTerm) => Promise<T>,
    answers: { elsewhere: T; failed: T },
  ): Promise<T> {
    return new Promise((resolve) => {
      const event = async (): Promise<void> => {
        const term = this.#term;
        if (term === null) return resolve(answers.elsewhere);
        try {
          resolve(await run(term));
        } catch (error) {
          resolve(this.#options.store.isControllerMoved(error) ? answers.elsewhere : answers.failed);
          throw error;
        }
      };
      this.#queue.put(name, event, () => resolve(answers.elsewhere));
    });
  }

  /** Resolves when all events that have arrived are done. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  /** Looks who is the controller; becomes it when there is none. */
  async #elect(): Promise<void> {
    const { store, brokerId, registerBroker } = this.#options;
    if (!this.#registered) {
      await registerBroker();
      this.#registered = true;
    }
    const found = await store.election.controllerId(this.#controllerWatch.arm());
    this.#activeControllerId = found;
    if (found !== null) {
      if (found !== brokerId) this.#resign();
      return;
    }
    this.#resign();
    let won: { epoch: number; epochZkVersion: number };
    try {
      won = await store.election.register(brokerId);
    } catch (error) {
      if (!store.isControllerMoved(error)) throw error;
      this.#activeControllerId = await store.election.controllerId(this.#controllerWatch.arm());
      this.#log.debug('another broker was elected controller', { controller: this.#activeControllerId });
      return;
    }
    await this.#reign(won);
  }

  async #reign(won: { epoch: number; epochZkVersion: number }): Promise<void> {
    const { store, channel, env, brokerId, deleteTopicEnable, uncleanElectionDefault, protocol } =
      this.#options;
    this.#log.info('elected controller', { epoch: won.epoch });
    const term = new ControllerTerm({
      ...won,
      controllerId: brokerId,
      store,
      channel,
      random: env.random,
      log: this.#log,
      deleteTopicEnable,
      uncleanElectionDefault,
      protocol,
      enqueue: (name, run) => {
        this.#queue.put(name, async () => {
          if (this.#term === term) await run();
        });
      },
    });
    this.#term = term;
    this.#activeControllerId = brokerId;
    await term.start();
    this.#log.info('ready as controller', { epoch: won.epoch, topics: term.context.topics.size });
    this.#balanceLater(term, firstBalanceMs);
  }

  #balanceLater(term: ControllerTerm, delayMs: number): void {
    const { autoBalance, env } = this.#options;
    if (autoBalance === null) return;
    this.#balance = env.timers.after(delayMs, () => {
      this.#queue.put('balance leaders', async () => {
        if (this.#term !== term) return;
        await term.balanceLeaders(autoBalance.percentage);
        this.#balanceLater(term, autoBalance.intervalMs);
      });
    });
  }

  #resign(): void {
    if (this.#term === null) return;
    this.#log.info('no longer controller', { epoch: this.#term.context.epoch });
    this.#term = null;
    this.#balance?.cancel();
    this.#options.channel.setBrokers([]);
  }

  async #eventFailed(event: ControllerEvent, error: unknown): Promise<void> {
    if (this.#stopped) return;
    if (this.#options.store.isControllerMoved(error)) {
      this.#log.info('another controller has been elected', { event: event.name });
      this.#resign();
      this.#queue.put('look for the controller', () => this.#elect());
      return;
    }
    this.#log.error('the controller failed', { event: event.name, error });
    await this.#giveUp();
  }

  /** Leaves the controllership to whoever is elected next, and joins the election again after a pause. */
  async #giveUp(): Promise<void> {
    const term = this.#term;
    this.#resign();
    this.#activeControllerId = null;
    this.#queue.clear();
    if (term !== null) {
      try {
        await this.#options.store.election.resign(term.context.epochZkVersion);
      } catch (error) {
        this.#log.error('cannot give up /controller', { error });
      }
    }
    this.#retry?.cancel();
    this.#retry = this.#options.env.timers.after(retryMs, () => {
      this.#retry = null;
      this.#queue.put('elect again', () => this.#elect());
    });
  }

  #newControllerWatch(): WatchSlot {
    return new WatchSlot(() => {
      if (this.#retry === null) this.#queue.put('controller changed', () => this.#elect());
    });
  }
}
