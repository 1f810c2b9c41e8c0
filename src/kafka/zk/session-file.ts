import type { Disk } from '../../env/disk.ts';

const fileName = '.zookeeper-session';
const ownerOnly = 0o600;

/** A session as a later life of the broker needs it. */
export interface SavedSession {
  id: bigint;
  password: Buffer;
  /** The connect string that the session was opened with: no other ensemble knows it. */
  connectString: string;
}

/**
 * Keeps the broker's ZooKeeper session in its log directory, so that after a crash the next process can end it
 * instead of waiting until it runs out: its registration is in the way. The log directory is locked by its
 * process, so whoever reads the file knows that the session's owner is gone. Kafka has no such file and ignores
 * it.
 */
export class SessionFile {
  readonly #disk: Disk;
  readonly #path: string;

  constructor(disk: Disk, logDirectory: string) {
    this.#disk = disk;
    this.#path = `${logDirectory}/${fileName}`;
  }

  /** Null when there is none, or none that can be read: then the session has to run out by itself. */
  read(): SavedSession | null {
    if (this.#disk.stat(this.#path)?.kind !== 'file') return null;
    const [id = '', password = '', connectString = ''] = this.#disk
      .readFile(this.#path)
      .toString()
      .split('\n');
    if (!/^-?\d{1,20}$/.test(id) || !/^[0-9a-f]{2,128}$/.test(password)) return null;
    return { id: BigInt(id), password: Buffer.from(password, 'hex'), connectString };
  }

  write(session: SavedSession): void {
    const text = `${session.id}\n${session.password.toString('hex')}\n${session.connectString}\n`;
    this.#disk.remove(this.#path);
    const file = this.#disk.open(this.#path, 'create', ownerOnly);
    try {
      file.write([Buffer.from(text)], 0);
    } finally {
      file.close();
    }
  }

  /** The session has been closed in good order. */
  remove(): void {
    this.#disk.remove(this.#path);
  }
}
