/**
 * What becomes of an acquired record. `accept`: it is done with. `release`: it may be delivered again, here or to
 * another member. `reject`: it is never delivered again. `renew`: its lock begins anew, and it is handed out again
 * for another acknowledgement (KIP-1222).
 */
export type AcknowledgeType = 'accept' | 'release' | 'reject' | 'renew';

/** On the wire; a gap is an offset that was acquired and has no record. */
export const AcknowledgeCode = { gap: 0, accept: 1, release: 2, reject: 3, renew: 4 } as const;
