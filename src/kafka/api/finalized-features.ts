/** Features that all of the cluster has agreed on (KIP-584). */
export interface FinalizedFeatures {
  /** Grows with every change; -1 when the cluster keeps none. */
  readonly epoch: number;
  /** Highest level in use, by name. */
  readonly levels: ReadonlyMap<string, number>;
}

export const noFeatures: FinalizedFeatures = { epoch: -1, levels: new Map() };
