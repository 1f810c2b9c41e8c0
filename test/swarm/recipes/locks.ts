import {
  type Holding,
  LeaderElection,
  Lock,
  ReadWriteLock,
  Semaphore,
} from '../../../src/clients/zookeeper/index.ts';
import { Exclusion, type Mode } from './exclusion.ts';
import type { Play, Stage } from './play.ts';
import type { Worker } from './worker.ts';

/** Workers that get something in turn. */
abstract class HoldingPlay implements Play {
  abstract readonly name: string;
  protected abstract readonly exclusion: Exclusion;

  protected abstract acquire(worker: Worker): Promise<{ holding: Holding; mode: Mode }>;

  async round(worker: Worker): Promise<void> {
    const { holding, mode } = await this.acquire(worker);
    await this.exclusion.hold(worker, holding, mode);
  }

  finish(worker: Worker): Promise<void> {
    return this.round(worker);
  }
}

export class LockPlay extends HoldingPlay {
  readonly name = 'lock';
  protected readonly exclusion: Exclusion;

  constructor(stage: Stage) {
    super();
    this.exclusion = new Exclusion(stage, 'the lock');
  }

  protected async acquire({ client, signal }: Worker): Promise<{ holding: Holding; mode: Mode }> {
    return { holding: await new Lock(client, '/recipes/lock').acquire({ signal }), mode: 'alone' };
  }
}

export class ReadWriteLockPlay extends HoldingPlay {
  readonly name = 'read/write lock';
  protected readonly exclusion: Exclusion;

  constructor(stage: Stage) {
    super();
    this.exclusion = new Exclusion(stage, 'the read/write lock');
  }

  protected async acquire({ client, signal, random }: Worker): Promise<{ holding: Holding; mode: Mode }> {
    const lock = new ReadWriteLock(client, '/recipes/read-write-lock');
    if (random.chance(0.5)) return { holding: await lock.acquireRead({ signal }), mode: 'together' };
    return { holding: await lock.acquireWrite({ signal }), mode: 'alone' };
  }
}

export class SemaphorePlay extends HoldingPlay {
  readonly name = 'semaphore';
  protected readonly exclusion: Exclusion;

  constructor(stage: Stage) {
    super();
    this.exclusion = new Exclusion(stage, 'the semaphore', 2);
  }

  protected async acquire({ client, signal }: Worker): Promise<{ holding: Holding; mode: Mode }> {
    const holding = await new Semaphore(client, '/recipes/semaphore', 2).acquire({ signal });
    return { holding, mode: 'together' };
  }
}

export class ElectionPlay extends HoldingPlay {
  readonly name = 'election';
  protected readonly exclusion: Exclusion;
  private readonly stage: Stage;

  constructor(stage: Stage) {
    super();
    this.stage = stage;
    this.exclusion = new Exclusion(stage, 'leadership');
  }

  protected async acquire({ client, signal, name }: Worker): Promise<{ holding: Holding; mode: Mode }> {
    const election = new LeaderElection(client, '/recipes/election');
    const holding = await election.lead({ data: Buffer.from(name), signal });
    const leader = await election.leader();
    const { fencingNumber } = holding;
    if (leader !== null && leader.fencingNumber < fencingNumber) {
      const text = `${leader.fencingNumber} leads, though ${fencingNumber} was elected before it was asked`;
      this.stage.violated('one leader at a time', text);
    }
    return { holding, mode: 'alone' };
  }
}
