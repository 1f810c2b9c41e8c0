/** A zxid, session id or other int64 as Java prints it: `0x` and its two's complement in hexadecimal. */
export function hex(value: bigint | number): string {
  return `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
}
