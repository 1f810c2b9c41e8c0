import type { Holding } from '../../../src/clients/zookeeper/index.ts';
import type { Stage } from './play.ts';
import type { Worker } from './worker.ts';

/** A holder whose session has ended hears of it in less than this, whatever the network does. */
export const GRACE_MS = 15_000;

export type Mode = 'alone' | 'together';

/** What a recipe hands out. */
type Held = Pick<Holding, 'fencingNumber' | 'lost'>;

interface Holder {
  worker: string;
  mode: Mode;
  holding: Held;
  isReleased: boolean;
  /** Somebody else has it who must not: it is not given back before the judgement. */
  isContested: boolean;
}

/**
 * Judges who holds something at the same time as whom. Nobody can keep a holder from going on for a while after the
 * session has ended on the server; so two that must not hold it together are a violation only when the earlier one
 * is not told within the time of grace. And the register behind the fence must never have to refuse a holder that
 * is not about to be told.
 */
export class Exclusion {
  grants = 0;
  private readonly stage: Stage;
  private readonly what: string;
  private readonly permits: number;
  private readonly holders = new Set<Holder>();
  private readonly fencingNumbers = new Set<number>();
  /** The greatest fencing number of a holder that had it alone. */
  private fence = 0;

  constructor(stage: Stage, what: string, permits = Number.POSITIVE_INFINITY) {
    this.stage = stage;
    this.what = what;
    this.permits = permits;
  }

  /** Holds for a while, touching the fenced register; then gives it back. */
  async hold(
    worker: Worker,
    holding: Held & { release(): Promise<void> },
    mode: Mode = 'alone',
  ): Promise<void> {
    const holder = this.begin(worker, holding, mode);
    for (let touches = worker.random.below(4); touches >= 0; touches--) {
      this.touch(holder);
      await worker.dawdle();
      if (holding.lost.aborted) break;
    }
    while (holder.isContested && isHeld(holder)) await worker.dawdle();
    this.end(holder);
    await holding.release();
  }

  begin(worker: Worker, holding: Held, mode: Mode): Holder {
    const holder: Holder = { worker: worker.name, mode, holding, isReleased: false, isContested: false };
    this.grants++;
    if (this.fencingNumbers.has(holding.fencingNumber)) {
      this.stage.violated('fencing numbers differ', `${this.what}: ${holding.fencingNumber} was given twice`);
    }
    this.fencingNumbers.add(holding.fencingNumber);
    this.holders.add(holder);
    const sharing = [...this.holders].filter((other) => isHeld(other));
    const excluded = sharing.filter((other) => other !== holder && excludes(other.mode, mode));
    if (excluded.length > 0) this.soonHasChanged(holder, excluded, 0);
    if (sharing.length > this.permits) this.soonHasChanged(holder, sharing, this.permits);
    return holder;
  }

  end(holder: Holder): void {
    holder.isReleased = true;
    this.holders.delete(holder);
  }

  touch(holder: Holder): void {
    const { fencingNumber } = holder.holding;
    if (fencingNumber < this.fence) this.soonHasChanged(holder, [holder], 0);
    else if (holder.mode === 'alone' && isHeld(holder)) this.fence = fencingNumber;
  }

  /** No more than `allowed` of them hold it after the time of grace, unless the newcomer has gone as well. */
  private soonHasChanged(newcomer: Holder, among: readonly Holder[], allowed: number): void {
    for (const holder of [newcomer, ...among]) holder.isContested = true;
    this.stage.sim.schedule(GRACE_MS, `check of ${this.what}`, () => {
      const left = among.filter(isHeld);
      for (const holder of [newcomer, ...among]) holder.isContested = false;
      if (left.length <= allowed || !isHeld(newcomer)) return;
      const names = left.map(({ worker, holding }) => `${worker} (${holding.fencingNumber})`);
      const { worker, holding } = newcomer;
      this.stage.violated(
        'mutual exclusion',
        `${this.what} is held by ${names.join(', ')} since ${worker} got it with ${holding.fencingNumber}`,
      );
    });
  }
}

const isHeld = ({ holding, isReleased }: Holder): boolean => !isReleased && !holding.lost.aborted;
const excludes = (one: Mode, other: Mode): boolean => one === 'alone' || other === 'alone';
