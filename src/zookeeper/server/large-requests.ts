export interface LargeRequestsConfig {
  /** A request of more bytes is a large one; -1 for none. */
  readonly largeRequestThreshold: number;
  readonly largeRequestMaxBytes: number;
}

/** Bounds the memory that large requests under way take (ZooKeeperServer.checkRequestSizeWhenReceivingMessage). */
export class LargeRequests {
  private readonly config: LargeRequestsConfig;
  private underWay = 0;

  constructor(config: LargeRequestsConfig) {
    this.config = config;
  }

  get underWayBytes(): number {
    return this.underWay;
  }

  /** Whether a request of so many bytes may come now. */
  admits(bytes: number): boolean {
    return !this.isLarge(bytes) || this.underWay + bytes <= this.config.largeRequestMaxBytes;
  }

  began(bytes: number): void {
    if (this.isLarge(bytes)) this.underWay += bytes;
  }

  finished(bytes: number): void {
    if (this.isLarge(bytes)) this.underWay -= bytes;
  }

  /** Nothing is under way any more. */
  clear(): void {
    this.underWay = 0;
  }

  private isLarge(bytes: number): boolean {
    const { largeRequestThreshold } = this.config;
    return largeRequestThreshold > 0 && bytes > largeRequestThreshold;
  }
}
