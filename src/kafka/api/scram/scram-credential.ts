import { createHash, createHmac } from 'node:crypto';

export interface ScramMechanism {
  /** As numbered on the wire. */
  readonly type: number;
  /** Also the key under which a user's configuration holds the credential. */
  readonly name: string;
  readonly hash: 'sha256' | 'sha512';
}

export const scramMechanisms: readonly ScramMechanism[] = [
  { type: 1, name: 'SCRAM-SHA-256', hash: 'sha256' },
  { type: 2, name: 'SCRAM-SHA-512', hash: 'sha512' },
];

export const MIN_ITERATIONS = 4096;
export const MAX_ITERATIONS = 16_384;

export function scramMechanism(type: number): ScramMechanism | undefined {
  return scramMechanisms.find((mechanism) => mechanism.type === type);
}

/** What is kept of a password that the client has salted: keys by which it can be checked, but not be found out. */
export function credentialText(
  { hash }: ScramMechanism,
  { salt, saltedPassword, iterations }: { salt: Buffer; saltedPassword: Buffer; iterations: number },
): string {
  const key = (label: string): Buffer => createHmac(hash, saltedPassword).update(label).digest();
  const storedKey = createHash(hash).update(key('Client Key')).digest('base64');
  const serverKey = key('Server Key').toString('base64');
  return `salt=${salt.toString('base64')},stored_key=${storedKey},server_key=${serverKey},iterations=${iterations}`;
}

/** The iterations of a stored credential; undefined for what is none. */
export function iterationsOf(text: string): number | undefined {
  const fields = new Map(
    text.split(',').map((field) => {
      const at = field.indexOf('=');
      return [field.slice(0, Math.max(at, 0)), field.slice(at + 1)];
    }),
  );
  const isBase64 = (name: string) => /^[A-Za-z0-9+/]*={0,2}$/.test(fields.get(name) ?? '?');
  if (fields.size !== 4 || !['salt', 'stored_key', 'server_key'].every(isBase64)) return undefined;
  const iterations = fields.get('iterations') ?? '';
  return /^\d{1,9}$/.test(iterations) ? Number(iterations) : undefined;
}
