import type { ConsumerRecord } from '../consumer/consumer-record.ts';
import { KafkaError } from '../kafka-error.ts';
import type { Origin } from './leases.ts';

interface Parcel<K, V> {
  readonly origin: Origin;
  readonly expiresAtMs: number;
  readonly items: readonly (ConsumerRecord<K, V> | KafkaError)[];
  next: number;
}

/** What has been acquired and waits to be handed out, in the order in which it came. */
export class Inbox<K, V> {
  private readonly parcels: Parcel<K, V>[] = [];
  private readonly isHeld: (origin: Origin) => boolean;

  /** `isHeld` tells whether records may still be this member's. */
  constructor(isHeld: (origin: Origin) => boolean) {
    this.isHeld = isHeld;
  }

  get isEmpty(): boolean {
    return this.parcels.length === 0;
  }

  /** Their locks hold until `expiresAtMs` on the monotonic clock, at least. */
  put(origin: Origin, items: readonly (ConsumerRecord<K, V> | KafkaError)[], expiresAtMs: number): void {
    if (items.length > 0) this.parcels.push({ origin, expiresAtMs, items, next: 0 });
  }

  /**
   * Hands out up to `max` records to `give`. Stops before an error, and throws it when it comes first. Records whose
   * locks or sessions may have ended are left to those whom the broker has given them to meanwhile.
   */
  take(
    max: number,
    nowMs: number,
    give: (record: ConsumerRecord<K, V>, origin: Origin) => void,
  ): ConsumerRecord<K, V>[] {
    const taken: ConsumerRecord<K, V>[] = [];
    while (taken.length < max) {
      const parcel = this.parcels[0];
      const item = parcel?.items[parcel.next];
      if (
        parcel === undefined ||
        item === undefined ||
        parcel.expiresAtMs <= nowMs ||
        !this.isHeld(parcel.origin)
      ) {
        if (this.parcels.shift() === undefined) break;
        continue;
      }
      if (item instanceof KafkaError && taken.length > 0) break;
      parcel.next++;
      if (parcel.next === parcel.items.length) this.parcels.shift();
      if (item instanceof KafkaError) throw item;
      give(item, parcel.origin);
      taken.push(item);
    }
    return taken;
  }
}
