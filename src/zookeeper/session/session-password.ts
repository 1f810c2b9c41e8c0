/** Mixed into session ids (ZooKeeperServer.superSecret): not a secret at all, and the same everywhere. */
const SALT = 0xb3415c00n;

const PASSWORD_BYTES = 16;

/** Constants of java.util.Random's generator. */
const MULTIPLIER = 0x5deece66dn;
const INCREMENT = 0xbn;
const STATE_BITS = 48;

/**
 * The password of a session. Every Apache server computes the same from the session id alone
 * (`new java.util.Random(id ^ superSecret).nextBytes(16)`), which is how a client can go on with its session
 * on another server; so must we. It protects against mistakes, not against attackers.
 */
export function sessionPassword(sessionId: bigint): Buffer {
  const password = Buffer.allocUnsafe(PASSWORD_BYTES);
  let state = BigInt.asUintN(STATE_BITS, sessionId ^ SALT ^ MULTIPLIER);
  for (let at = 0; at < PASSWORD_BYTES; at += 4) {
    state = BigInt.asUintN(STATE_BITS, state * MULTIPLIER + INCREMENT);
    password.writeUInt32LE(Number(state >> 16n), at);
  }
  return password;
}
