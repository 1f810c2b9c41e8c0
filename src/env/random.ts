/** Randomness; seeded in the simulation. */
export interface Random {
  /** A float in [0, 1). */
  float(): number;
  /** An integer in [0, bound). */
  below(bound: number): number;
  /** Unpredictable bytes, fit for passwords and ids. */
  bytes(length: number): Buffer;
}
