import type { Log } from '../../../env/log.ts';
import type { RecordMetadata } from './prepared-record.ts';
import type { ProducerRecord } from './producer-record.ts';

/** Sees what a producer sends (`org.apache.kafka.clients.producer.ProducerInterceptor`). What it throws is logged, no more. */
export interface ProducerInterceptor<K, V> {
  /** Before the record is serialized; what is returned is sent instead. */
  onSend?(record: ProducerRecord<K, V>): ProducerRecord<K, V>;
  /** Once the record is acknowledged or has failed; one of both is undefined. */
  onAcknowledgement?(
    record: ProducerRecord<K, V>,
    metadata: RecordMetadata | undefined,
    error: Error | undefined,
  ): void;
}

export class Interceptors<K, V> {
  private readonly list: readonly ProducerInterceptor<K, V>[];
  private readonly log: Log;

  constructor(list: readonly ProducerInterceptor<K, V>[], log: Log) {
    this.list = list;
    this.log = log;
  }

  get isEmpty(): boolean {
    return this.list.length === 0;
  }

  onSend(record: ProducerRecord<K, V>): ProducerRecord<K, V> {
    let current = record;
    for (const interceptor of this.list) {
      try {
        current = interceptor.onSend?.(current) ?? current;
      } catch (error) {
        this.log.warn('an interceptor failed at onSend', { error, topic: record.topic });
      }
    }
    return current;
  }

  onAcknowledgement(
    record: ProducerRecord<K, V>,
    metadata: RecordMetadata | undefined,
    error: Error | undefined,
  ): void {
    for (const interceptor of this.list) {
      try {
        interceptor.onAcknowledgement?.(record, metadata, error);
      } catch (failure) {
        this.log.warn('an interceptor failed at onAcknowledgement', { error: failure, topic: record.topic });
      }
    }
  }
}
