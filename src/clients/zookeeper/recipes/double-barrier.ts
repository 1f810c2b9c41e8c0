import { unlessAborted } from '../../../base/unless-aborted.ts';
import { isRetriable, withRetries } from '../retry.ts';
import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { isZooKeeperError, ZooKeeperError } from '../zookeeper-error.ts';
import { type ContendOptions, leavePlace, placeOf, placesAmong, takePlace, watchOnce } from './contender.ts';
import { Holding } from './holding.ts';
import { RecipeError } from './recipe-error.ts';

/** Before the sequence numbers of all places. */
const NOBODY = -1;

/** The last places of the rounds that have begun, in order, as far back as there are places of them. */
function parseRounds(data: Buffer | null): number[] {
  const text = data?.toString() ?? '';
  return text === '' ? [] : text.split(' ').map(Number);
}

/**
 * Lets `parties` begin a round together and end it together. The data of its node tells up to which places those
 * who wait have been let in, round by round: so rounds may follow each other at once, one that is late finds its
 * own, and a place left over from one does not count in the next.
 */
export class DoubleBarrier {
  private readonly client: ZooKeeperClient;
  private readonly path: string;
  private readonly parties: number;

  constructor(client: ZooKeeperClient, path: string, parties: number) {
    if (!Number.isSafeInteger(parties) || parties < 1) {
      const text = `${parties} parties: a barrier has a whole number of them, from 1 on`;
      throw new ZooKeeperError('BADARGUMENTS', path, { text });
    }
    this.client = client;
    this.path = path;
    this.parties = parties;
  }

  /** Resolves when so many have entered; the round then is theirs. */
  async enter(options: ContendOptions = {}): Promise<BarrierRound> {
    const { client, path: container } = this;
    const { signal } = options;
    const { path, stat } = await takePlace(client, container, 'party', options);
    const { sequence } = placeOf(path);
    try {
      for (;;) {
        const { fired: change, watch: changed } = watchOnce();
        const read = () => client.getData(container, changed);
        const { data, stat: now } = await withRetries(client, read, signal);
        const rounds = parseRounds(data);
        const mine = rounds.find((last) => sequence <= last);
        if (mine !== undefined) {
          const holding = new Holding(client, { path, czxid: stat.czxid });
          return new BarrierRound(client, { container, letIn: mine, madeBy: now.czxid }, holding);
        }
        const letIn = rounds.at(-1) ?? NOBODY;
        const names = await withRetries(client, () => client.getChildren(container, changed), signal);
        const places = placesAmong(names);
        const waiting = places.filter((place) => place.sequence > letIn);
        if (!waiting.some((place) => place.sequence === sequence)) {
          throw new RecipeError('LOST', path, 'its node was deleted while it waited');
        }
        const last = waiting[this.parties - 1];
        if (last === undefined) await unlessAborted(change, signal);
        else {
          const first = places[0]?.sequence ?? NOBODY;
          const kept = rounds.filter((end) => end >= first);
          await this.letIn([...kept, last.sequence], now.version);
        }
      }
    } catch (error) {
      leavePlace(client, path);
      throw error;
    }
  }

  /** One of those who see that there are enough; the others' writes come too late, and lost answers are looked up. */
  private async letIn(rounds: readonly number[], version: number): Promise<void> {
    try {
      await this.client.setData(this.path, Buffer.from(rounds.join(' ')), version);
    } catch (error) {
      if (isRetriable(error)) await this.client.connected();
      else if (!isZooKeeperError(error, 'BADVERSION')) throw error;
    }
  }
}

interface Round {
  container: string;
  /** The last place of the round. */
  letIn: number;
  /** `czxid` of the container: in another one, places are counted anew. */
  madeBy: number;
}

/** A round of a double barrier that has begun. */
export class BarrierRound {
  private readonly client: ZooKeeperClient;
  private readonly round: Round;
  private readonly holding: Holding;

  constructor(client: ZooKeeperClient, round: Round, holding: Holding) {
    this.client = client;
    this.round = round;
    this.holding = holding;
  }

  /** The same for all of the round, and greater than those before it at this place. */
  get number(): number {
    return this.round.letIn;
  }

  /** Aborted when the others do not see this one any more. */
  get lost(): AbortSignal {
    return this.holding.lost;
  }

  /** Leaves; resolves when all of the round have left or lost their sessions. */
  async leave({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const { client } = this;
    const { container, letIn, madeBy } = this.round;
    await unlessAborted(this.holding.release(), signal);
    for (;;) {
      const { fired, watch } = watchOnce();
      try {
        const read = () => client.getChildren2(container, watch);
        const { children, stat } = await withRetries(client, read, signal);
        if (stat.czxid !== madeBy) return;
        if (!placesAmong(children).some(({ sequence }) => sequence <= letIn)) return;
      } catch (error) {
        // Containers go with the last one in them.
        if (isZooKeeperError(error, 'NONODE')) return;
        throw error;
      }
      await unlessAborted(fired, signal);
    }
  }
}
