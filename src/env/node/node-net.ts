import { lookup } from 'node:dns/promises';
import * as net from 'node:net';
import { hostname } from 'node:os';
import type { Connection, ConnectOptions, Listener, Net } from '../net.ts';
import { Inlet } from './inlet.ts';
import { NodeConnection } from './node-connection.ts';

const DEFAULT_BACKLOG = 511;

class SystemError extends Error {
  readonly code: string;

  constructor(code: string, text: string) {
    super(`${code}: ${text}`);
    this.code = code;
  }
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'EIO';
}

/** TCP of this machine, Nagle's delay off. */
export class NodeNet implements Net {
  listen(
    options: { host?: string; port: number; backlog?: number },
    accept: (connection: Connection) => void,
  ): Promise<Listener> {
    const server = net.createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
      const inlet = new Inlet();
      accept(new NodeConnection(inlet.adopt(socket), inlet));
    });
    const where = { port: options.port, backlog: options.backlog ?? DEFAULT_BACKLOG };
    return new Promise((resolve, reject) => {
      server.once('error', (error) => {
        reject(new SystemError(codeOf(error), `cannot listen on ${options.host ?? '*'}:${options.port}`));
      });
      server.listen(options.host === undefined ? where : { ...where, host: options.host }, () => {
        server.removeAllListeners('error');
        // What can still fail is accepting one connection (out of descriptors): the others go on.
        server.on('error', () => undefined);
        resolve(new NodeListener(server));
      });
    });
  }

  connect(options: ConnectOptions): Promise<Connection> {
    const target = `${options.host}:${options.port}`;
    return new Promise((resolve, reject) => {
      const inlet = new Inlet();
      const socket = net.connect({
        onread: inlet.onread,
        host: options.host,
        port: options.port,
        noDelay: true,
        ...(options.localHost === undefined ? {} : { localAddress: options.localHost }),
      });
      const fail = (code: string): void => {
        clearTimeout(timer);
        socket.removeAllListeners();
        socket.on('error', () => undefined);
        socket.destroy();
        reject(new SystemError(code, `cannot connect to ${target}`));
      };
      const timer =
        options.timeoutMs === undefined ? undefined : setTimeout(() => fail('ETIMEDOUT'), options.timeoutMs);
      socket.once('error', (error) => fail(codeOf(error)));
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.removeAllListeners('error');
        resolve(new NodeConnection(socket, inlet));
      });
    });
  }

  async resolve(host: string): Promise<string[]> {
    const found = await lookup(host, { all: true, order: 'ipv4first' });
    return found.map((entry) => entry.address);
  }

  hostname(): string {
    return hostname();
  }
}

class NodeListener implements Listener {
  readonly host: string;
  readonly port: number;
  private readonly server: net.Server;

  constructor(server: net.Server) {
    this.server = server;
    const address = server.address();
    this.host = typeof address === 'object' && address !== null ? address.address : '';
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
  }

  close(): Promise<void> {
    // The server's own 'close' waits for its connections; the port is free as soon as the handle is closed.
    if (this.server.listening) this.server.close();
    return new Promise((resolve) => setImmediate(resolve));
  }
}
