import type { Clock } from '../../env/clock.ts';
import type { Random } from '../../env/random.ts';

/** Keys `connection_throttle_*` of zoo.cfg. */
export interface ConnectionThrottleConfig {
  /** Sessions that may begin at once; 0 for any number. */
  readonly connectionThrottleTokens: number;
  /** So many tokens come back every `connectionThrottleFillTimeMs`. */
  readonly connectionThrottleFillCount: number;
  readonly connectionThrottleFillTimeMs: number;
  /** How often the share of refused connections is adapted; -1 for never. */
  readonly connectionThrottleFreezeTimeMs: number;
  readonly connectionThrottleDropIncrease: number;
  readonly connectionThrottleDropDecrease: number;
  readonly connectionThrottleDecreaseRatio: number;
  readonly connectionThrottleWeightEnabled: boolean;
  readonly connectionThrottleGlobalWeight: number;
  readonly connectionThrottleLocalWeight: number;
  readonly connectionThrottleRenewWeight: number;
}

export type ConnectionKind = 'global' | 'local' | 'renew';

/**
 * Limits how fast sessions begin (BlueThrottle): a bucket of tokens, and on top of it, when asked for, a share of
 * connections dropped at random that grows while the bucket is empty and shrinks while it is full.
 */
export class ConnectionThrottle {
  private readonly config: ConnectionThrottleConfig;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly maxTokens: number;
  private readonly fillCount: number;
  private tokens: number;
  private filledAtMs: number;
  private frozenAtMs: number;
  private drop = 0;

  constructor(config: ConnectionThrottleConfig, clock: Clock, random: Random) {
    this.config = config;
    this.clock = clock;
    this.random = random;
    const factor = config.connectionThrottleWeightEnabled ? this.weightOf('global') : 1;
    this.maxTokens = factor * config.connectionThrottleTokens;
    this.fillCount = factor * config.connectionThrottleFillCount;
    this.tokens = this.maxTokens;
    this.filledAtMs = clock.monotonicMs();
    this.frozenAtMs = this.filledAtMs;
  }

  /** Tokens that are missing. */
  get deficit(): number {
    return this.maxTokens - this.tokens;
  }

  get dropProbability(): number {
    return this.drop;
  }

  /** Whether a connection may begin or take up a session; takes its tokens. */
  admit(kind: ConnectionKind): boolean {
    if (this.maxTokens === 0) return true;
    const nowMs = this.clock.monotonicMs();
    const elapsedMs = nowMs - this.filledAtMs;
    if (elapsedMs > this.config.connectionThrottleFillTimeMs) {
      const refill = Math.floor((elapsedMs * this.fillCount) / this.config.connectionThrottleFillTimeMs);
      this.tokens = Math.min(this.tokens + refill, this.maxTokens);
      this.filledAtMs = nowMs;
    }
    if (this.config.connectionThrottleFreezeTimeMs !== -1 && this.isDropped(nowMs)) return false;
    const needed = this.config.connectionThrottleWeightEnabled ? this.weightOf(kind) : 1;
    if (this.tokens < needed) return false;
    this.tokens -= needed;
    return true;
  }

  private isDropped(nowMs: number): boolean {
    const { config, maxTokens } = this;
    if (nowMs - this.frozenAtMs > config.connectionThrottleFreezeTimeMs) {
      const threshold = Math.round(maxTokens * config.connectionThrottleDecreaseRatio);
      if (this.deficit === maxTokens) {
        this.drop = Math.min(this.drop + config.connectionThrottleDropIncrease, 1);
      } else if (this.deficit <= threshold) {
        this.drop = Math.max(this.drop - config.connectionThrottleDropDecrease, 0);
      }
      this.frozenAtMs = nowMs;
    }
    return this.random.float() < this.drop;
  }

  /** No weight is below that of a local session. */
  private weightOf(kind: ConnectionKind): number {
    const { connectionThrottleLocalWeight: local } = this.config;
    if (kind === 'local') return local;
    const own =
      kind === 'global'
        ? this.config.connectionThrottleGlobalWeight
        : this.config.connectionThrottleRenewWeight;
    return Math.max(own, local);
  }
}
