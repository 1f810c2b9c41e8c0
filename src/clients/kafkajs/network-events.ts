import type { RequestObserver } from '../kafka/network/request-observer.ts';
import type { Instrumentation } from './instrumentation.ts';

interface NetworkEvents {
  readonly [key: string]: string;
  readonly REQUEST: string;
  readonly REQUEST_TIMEOUT: string;
  readonly REQUEST_QUEUE_SIZE: string;
}

/**
 * Tells of a client's requests by kafkajs's three network events. Here a request leaves as it is made, so none is ever
 * pending; the queue is what a broker has not answered yet.
 */
export function networkEvents(instrumentation: () => Instrumentation<NetworkEvents>): RequestObserver {
  return {
    onAnswer({ sentAtMs, clientId, ...request }, durationMs, sizeBytes) {
      const { events } = instrumentation();
      instrumentation().emit(events.REQUEST, {
        ...request,
        clientId: clientId ?? '',
        createdAt: sentAtMs,
        sentAt: sentAtMs,
        pendingDuration: 0,
        duration: durationMs,
        size: sizeBytes,
      });
    },
    onTimeout({ sentAtMs, clientId, ...request }) {
      const { events } = instrumentation();
      instrumentation().emit(events.REQUEST_TIMEOUT, {
        ...request,
        clientId: clientId ?? '',
        createdAt: sentAtMs,
        sentAt: sentAtMs,
        pendingDuration: 0,
      });
    },
    onQueueSize(broker, clientId, queueSize) {
      const { events } = instrumentation();
      instrumentation().emit(events.REQUEST_QUEUE_SIZE, { broker, clientId: clientId ?? '', queueSize });
    },
  };
}
