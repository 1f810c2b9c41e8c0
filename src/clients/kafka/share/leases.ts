import { getOrPut } from '../../../base/get-or-put.ts';
import type { ConsumerRecord } from '../consumer/consumer-record.ts';
import { KafkaError } from '../kafka-error.ts';
import type { AcknowledgeType } from './acknowledge-type.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { partitionKey, type SharePartition } from './share-partition.ts';

/** Records of one partition that came with one answer. */
export interface Origin {
  readonly partition: SharePartition;
  readonly nodeId: number;
  /** Of the share session. */
  readonly generation: number;
}

interface Lease<K, V> {
  readonly record: ConsumerRecord<K, V>;
  readonly origin: Origin;
  type: AcknowledgeType | undefined;
}

/** Which record is meant: the record itself, or where it stands. */
export interface RecordPosition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/**
 * The records that the user has in hand.
 *
 *     given        --acknowledge--> acknowledged, until `collect` takes it away for good
 *     acknowledged (renew) --collect--> renewing --broker took it--> renewed --takeRenewed--> given
 */
export class Leases<K, V> {
  private readonly given = new Map<string, Lease<K, V>>();
  private renewed: Lease<K, V>[] = [];
  private renewing = 0;
  private readonly onRenewed: () => void;

  constructor(onRenewed: () => void) {
    this.onRenewed = onRenewed;
  }

  /** Whether some are being renewed, or wait to be handed out again. */
  get hasRenewals(): boolean {
    return this.renewing > 0 || this.renewed.length > 0;
  }

  /** Whether there is something for `collect`. */
  get hasAcknowledged(): boolean {
    for (const { type } of this.given.values()) if (type !== undefined) return true;
    return false;
  }

  give(record: ConsumerRecord<K, V>, origin: Origin): void {
    this.given.set(keyOf(record), { record, origin, type: undefined });
  }

  /** Throws INVALID_STATE for a record that is not in hand. The last word before `collect` counts. */
  acknowledge(position: RecordPosition, type: AcknowledgeType): void {
    const lease = this.given.get(keyOf(position));
    if (lease === undefined || ('deliveryCount' in position && position !== lease.record)) {
      const { topic, partition, offset } = position;
      throw new KafkaError(
        'INVALID_STATE',
        `${topic}-${partition} at offset ${offset} cannot be acknowledged: it is not in hand, or was acknowledged and sent already`,
      );
    }
    lease.type = type;
  }

  /** Accepts all that nothing was said of. */
  acceptAll(): void {
    for (const lease of this.given.values()) lease.type ??= 'accept';
  }

  /** One of which nothing was said, if there is any. */
  unacknowledged(): ConsumerRecord<K, V> | undefined {
    for (const { type, record } of this.given.values()) if (type === undefined) return record;
    return undefined;
  }

  /** Takes away what was acknowledged, for the brokers that it came from. */
  collect(): Acknowledgements[] {
    const groups = new Map<string, { acknowledgements: Acknowledgements; renewing: Lease<K, V>[] }>();
    for (const [key, lease] of this.given) {
      const { type, record, origin } = lease;
      if (type === undefined) continue;
      this.given.delete(key);
      const isRenewal = type === 'renew';
      const { partition, nodeId, generation } = origin;
      const group = getOrPut(
        groups,
        `${partitionKey(partition)} ${nodeId} ${generation} ${isRenewal}`,
        () => ({
          acknowledgements: new Acknowledgements(partition, nodeId, generation),
          renewing: [],
        }),
      );
      group.acknowledgements.add(record.offset, type);
      if (isRenewal) group.renewing.push(lease);
    }
    for (const { acknowledgements, renewing } of groups.values()) {
      if (renewing.length > 0) void this.renew(acknowledgements, renewing);
    }
    return [...groups.values()].map(({ acknowledgements }) => acknowledgements);
  }

  /** Records whose locks have begun anew, in hand again. */
  takeRenewed(): ConsumerRecord<K, V>[] {
    const renewed = this.renewed;
    this.renewed = [];
    for (const { record, origin } of renewed) this.give(record, origin);
    return renewed.map(({ record }) => record);
  }

  private async renew(acknowledgements: Acknowledgements, leases: readonly Lease<K, V>[]): Promise<void> {
    this.renewing += leases.length;
    const error = await acknowledgements.settled;
    this.renewing -= leases.length;
    if (error === undefined) this.renewed.push(...leases);
    this.onRenewed();
  }
}

function keyOf({ topic, partition, offset }: RecordPosition): string {
  return `${topic} ${partition} ${offset}`;
}
