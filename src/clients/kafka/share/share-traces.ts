import { channel } from 'node:diagnostics_channel';
import type { AcknowledgementResult } from './share-options.ts';

/** Attributes under the names of OpenTelemetry's semantic conventions for messaging. */
export type ShareTraceAttributes = Record<string, string | number>;

/** Records of a partition were acquired. Channel `streamkeeper:kafka:share:receive`. */
export interface AcquireTrace {
  readonly attributes: ShareTraceAttributes;
}

/** A broker has answered acknowledgements, or never will. Channel `streamkeeper:kafka:share:acknowledge`. */
export interface AcknowledgeTrace {
  readonly attributes: ShareTraceAttributes;
  readonly result: AcknowledgementResult;
}

const receive = channel('streamkeeper:kafka:share:receive');
const acknowledge = channel('streamkeeper:kafka:share:acknowledge');

/** Publishes what a share consumer does on `node:diagnostics_channel`; next to nothing is done while nobody listens. */
export class ShareTraces {
  private readonly common: ShareTraceAttributes;

  constructor(clientId: string, groupId: string) {
    this.common = {
      'messaging.system': 'kafka',
      'messaging.client.id': clientId,
      'messaging.consumer.group.name': groupId,
    };
  }

  acquired(topic: string, partition: number, count: number): void {
    if (!receive.hasSubscribers || count === 0) return;
    const trace: AcquireTrace = {
      attributes: this.attributes('poll', 'receive', { topic, partition, count }),
    };
    receive.publish(trace);
  }

  acknowledged(result: AcknowledgementResult): void {
    if (!acknowledge.hasSubscribers) return;
    const { topic, partition, offsets, error } = result;
    const attributes = this.attributes('ack', 'settle', { topic, partition, count: offsets.length });
    if (error !== undefined) attributes['error.type'] = error.code;
    const trace: AcknowledgeTrace = { attributes, result };
    acknowledge.publish(trace);
  }

  private attributes(
    name: string,
    type: string,
    { topic, partition, count }: { topic: string; partition: number; count: number },
  ): ShareTraceAttributes {
    return {
      ...this.common,
      'messaging.operation.name': name,
      'messaging.operation.type': type,
      'messaging.destination.name': topic,
      'messaging.destination.partition.id': `${partition}`,
      'messaging.batch.message_count': count,
    };
  }
}
