/** How many connections a broker takes. */
export interface ConnectionLimits {
  /** `max.connections`: further ones wait, unread, until one closes. */
  readonly maxConnections: number;
  /** `listener.name.NAME.max.connections`, by listener; else `max.connections`. Further ones wait for one of the same. */
  readonly maxConnectionsPerListener: ReadonlyMap<string, number>;
  /** `max.connections.per.ip`: further ones are closed at once. */
  readonly maxConnectionsPerIp: number;
  /** `max.connections.per.ip.overrides`, by address. */
  readonly maxConnectionsPerIpOverrides: ReadonlyMap<string, number>;
  /**
   * Where brokers connect, unless clients do too: these connections do not wait for `max.connections`, another one is
   * closed for them.
   */
  readonly protectedListener: string | undefined;
}

/** Counts connections against the limits as they are now (`ConnectionQuotas` of Apache's SocketServer). */
export class ConnectionQuotas {
  limits: ConnectionLimits;
  private total = 0;
  private readonly perHost = new Map<string, number>();
  private readonly perListener = new Map<string, number>();

  constructor(limits: ConnectionLimits) {
    this.limits = limits;
  }

  /** How many connections an address may have. */
  limitOf(host: string): number {
    return this.limits.maxConnectionsPerIpOverrides.get(host) ?? this.limits.maxConnectionsPerIp;
  }

  /** Counts a connection of an address; false when it has too many. */
  admit(host: string): boolean {
    const open = this.perHost.get(host) ?? 0;
    if (open >= this.limitOf(host)) return false;
    this.perHost.set(host, open + 1);
    return true;
  }

  /** Undoes {@link ConnectionQuotas.admit}. */
  dismiss(host: string): void {
    const left = (this.perHost.get(host) ?? 1) - 1;
    if (left > 0) this.perHost.set(host, left);
    else this.perHost.delete(host);
  }

  /** Whether one more connection of a listener can be served now. */
  hasSlot(listenerName: string): boolean {
    const { maxConnections, maxConnectionsPerListener, protectedListener } = this.limits;
    const open = this.perListener.get(listenerName) ?? 0;
    if (open >= (maxConnectionsPerListener.get(listenerName) ?? maxConnections)) return false;
    return listenerName === protectedListener || this.total < maxConnections;
  }

  /** More are served than there may be, for the sake of the protected listener or since the limit was lowered. */
  get isExceeded(): boolean {
    return this.total > this.limits.maxConnections;
  }

  served(listenerName: string): void {
    this.total += 1;
    this.perListener.set(listenerName, (this.perListener.get(listenerName) ?? 0) + 1);
  }

  closed(listenerName: string): void {
    this.total -= 1;
    this.perListener.set(listenerName, (this.perListener.get(listenerName) ?? 1) - 1);
  }
}
