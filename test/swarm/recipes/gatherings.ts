import {
  type BarrierRound,
  Counter,
  DoubleBarrier,
  Lease,
  Membership,
} from '../../../src/clients/zookeeper/index.ts';
import { Exclusion, GRACE_MS } from './exclusion.ts';
import type { Play, Stage } from './play.ts';
import type { Worker } from './worker.ts';

const PARTIES = 2;
const LEASE_MS = 3000;

/** Nobody has left a round as long as somebody of the same round is in it and knows of no loss. */
export class DoubleBarrierPlay implements Play {
  readonly name = 'double barrier';
  private readonly stage: Stage;
  private readonly inside = new Set<BarrierRound>();

  constructor(stage: Stage) {
    this.stage = stage;
  }

  round(worker: Worker): Promise<void> {
    return this.takePart(worker);
  }

  async finish(worker: Worker): Promise<void> {
    await Promise.all(Array.from({ length: PARTIES }, () => this.takePart(worker)));
  }

  private async takePart(worker: Worker): Promise<void> {
    const { client, signal } = worker;
    const round = await new DoubleBarrier(client, '/recipes/double-barrier', PARTIES).enter({ signal });
    const together = [...this.inside].filter(({ number }) => number === round.number);
    if (together.length >= PARTIES) {
      this.stage.violated('no more than the parties', `${together.length + 1} are in round ${round.number}`);
    }
    this.inside.add(round);
    await worker.dawdle();
    this.inside.delete(round);
    await round.leave({ signal });
    const left = [...this.inside].filter(({ number, lost }) => number === round.number && !lost.aborted);
    this.stage.sim.schedule(GRACE_MS, 'check of the double barrier', () => {
      if (!left.some((other) => this.inside.has(other) && !other.lost.aborted)) return;
      this.stage.violated('all leave together', `${worker.name} left round ${round.number} before others`);
    });
  }
}

/** What was added for sure is in the number, and nothing that nobody added. */
export class CounterPlay implements Play {
  readonly name = 'counter';
  private readonly stage: Stage;
  private added = 0;
  private perhapsAdded = 0;

  constructor(stage: Stage) {
    this.stage = stage;
  }

  round(worker: Worker): Promise<void> {
    return this.add(worker, 1 + worker.random.below(5)).then(() => undefined);
  }

  async finish(worker: Worker): Promise<void> {
    const value = await this.add(worker, 1);
    if (value >= this.added && value <= this.added + this.perhapsAdded) return;
    const expected = `${this.added} were added and ${this.perhapsAdded} perhaps`;
    this.stage.violated('every change counts once', `the counter is ${value}; ${expected}`);
  }

  private async add({ client }: Worker, delta: number): Promise<number> {
    this.perhapsAdded += delta;
    const value = await new Counter(client, '/recipes/counter').add(delta);
    this.perhapsAdded -= delta;
    this.added += delta;
    return value;
  }
}

/** An id has one member at a time, and who has joined is among the members. */
export class MembershipPlay implements Play {
  readonly name = 'membership';
  private readonly exclusion: Exclusion;
  private readonly stage: Stage;

  constructor(stage: Stage) {
    this.stage = stage;
    this.exclusion = new Exclusion(stage, 'the member id');
  }

  async round(worker: Worker): Promise<void> {
    const member = await new Membership(worker.client, '/recipes/group').join('the-one');
    await this.exclusion.hold(worker, member);
  }

  async finish(worker: Worker): Promise<void> {
    const group = new Membership(worker.client, '/recipes/group');
    await using _ = await group.join(worker.name);
    const members = await group.members();
    if (members.includes(worker.name)) return;
    this.stage.violated('who has joined is a member', `${worker.name} is not among ${members.join(', ')}`);
  }
}

/** A lease has one owner at a time, also when sessions end. */
export class LeasePlay implements Play {
  readonly name = 'lease';
  private readonly exclusion: Exclusion;

  constructor(stage: Stage) {
    this.exclusion = new Exclusion(stage, 'the lease');
  }

  async round(worker: Worker): Promise<void> {
    const { client, name: owner, signal } = worker;
    const lease = new Lease(client, '/recipes/lease', { owner, durationMs: LEASE_MS });
    const held = await lease.acquire({ signal });
    await this.exclusion.hold(worker, held);
  }

  finish(worker: Worker): Promise<void> {
    return this.round(worker);
  }
}
