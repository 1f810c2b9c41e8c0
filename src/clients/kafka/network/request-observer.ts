/** A request as those see it who look after a client. Times are wall clock. */
export interface ObservedRequest {
  readonly apiKey: number;
  readonly apiName: string;
  readonly apiVersion: number;
  /** `host:port`. */
  readonly broker: string;
  readonly clientId: string | null;
  readonly correlationId: number;
  readonly sentAtMs: number;
}

/** Hears of the requests of all connections of a client. Nothing that it does may throw. */
export interface RequestObserver {
  /** `sizeBytes` is that of the answer. */
  onAnswer(request: ObservedRequest, durationMs: number, sizeBytes: number): void;
  /** The connection is given up for want of this answer. */
  onTimeout(request: ObservedRequest): void;
  /** So many requests are under way on a connection now. */
  onQueueSize(broker: string, clientId: string | null, size: number): void;
}
