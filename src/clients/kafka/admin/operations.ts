/** What a principal may do to a resource, by the protocol's numbers (`AclOperation`). */
const OPERATIONS = [
  'UNKNOWN',
  'ANY',
  'ALL',
  'READ',
  'WRITE',
  'CREATE',
  'DELETE',
  'ALTER',
  'DESCRIBE',
  'CLUSTER_ACTION',
  'DESCRIBE_CONFIGS',
  'ALTER_CONFIGS',
  'IDEMPOTENT_WRITE',
  'CREATE_TOKENS',
  'DESCRIBE_TOKENS',
  'TWO_PHASE_COMMIT',
] as const;

export type AclOperation = (typeof OPERATIONS)[number];

const NOT_ASKED = -0x8000_0000;

/** @internal */
export function operationCode(operation: AclOperation): number {
  return OPERATIONS.indexOf(operation);
}

/** @internal */
export function operationOf(code: number): AclOperation {
  return OPERATIONS[code] ?? 'UNKNOWN';
}

/** @internal The operations of a bit set (KIP-430); undefined where it was not asked for. */
export function authorizedOperations(bits: number | undefined): readonly AclOperation[] | undefined {
  if (bits === undefined || bits === NOT_ASKED) return undefined;
  return OPERATIONS.filter((_, code) => ((bits >>> code) & 1) === 1);
}
