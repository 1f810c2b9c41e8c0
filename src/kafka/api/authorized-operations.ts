/**
 * Operations that a client may do, as bits by operation code (KIP-430). Without an authorizer that is everything
 * that applies to the kind of resource.
 */
export const allTopicOperations = bits(3, 4, 5, 6, 7, 8, 10, 11);
export const allClusterOperations = bits(5, 7, 8, 9, 10, 11, 12);

/** The client did not ask. */
export const operationsNotRequested = -0x8000_0000;

function bits(...codes: number[]): number {
  return codes.reduce((field, code) => field | (1 << code), 0);
}
