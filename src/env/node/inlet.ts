import * as net from 'node:net';

/** As much as one read takes. Left to itself a socket allocates 64 KiB for every read, however little comes. */
const READ_BYTES = 256 * 1024;

/** One for all sockets: what was read is with its owner before anything else is read. */
const shared = Buffer.allocUnsafeSlow(READ_BYTES);

/** Where the bytes of one socket come in. They are kept until somebody takes them, and the socket waits. */
export class Inlet {
  private readonly early: Buffer[] = [];
  private take: ((bytes: Buffer) => void) | undefined;
  /** For the socket to be made; it emits no `data` then. */
  readonly onread: net.OnReadOpts = { buffer: shared, callback: (count) => this.receive(count) };

  /** What came before, in order. */
  get waiting(): readonly Buffer[] {
    return this.early;
  }

  /** From now on bytes go to `take`; their memory is used anew after the call. */
  open(take: (bytes: Buffer) => void): void {
    this.take = take;
  }

  /** Returns false to stop reading. */
  private receive(count: number): boolean {
    const bytes = shared.subarray(0, count);
    if (this.take === undefined) {
      this.early.push(Buffer.from(bytes));
      return false;
    }
    this.take(bytes);
    return true;
  }

  /**
   * A paused socket that reads into here, in place of one that a server accepted and paused, which must not be used
   * any further. Only sockets that a program opens itself can be told where to read, so the system's handle moves.
   */
  adopt(accepted: net.Socket): net.Socket {
    const handle: unknown = Reflect.get(accepted, '_handle');
    Reflect.set(accepted, '_handle', null);
    const options = { handle, onread: this.onread, pauseOnCreate: true, readable: true, writable: true };
    return new net.Socket(options);
  }
}
