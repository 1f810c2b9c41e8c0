import type { Env } from '../../env/env.ts';
import type { Connection, Listener } from '../../env/net.ts';
import type { Timer } from '../../env/timers.ts';

export interface HttpRequest {
  readonly method: string;
  /** Without the query, decoded. */
  readonly path: string;
  readonly query: ReadonlyMap<string, string>;
  /** By names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly remoteHost: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Chunks come with `length` bytes in all. */
  readonly body: string | { readonly length: number; readonly chunks: AsyncIterable<Buffer> };
}

export interface HttpServerOptions {
  readonly env: Env;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** A connection without a whole request ends after this. */
  readonly idleTimeoutMs: number;
  /** Rejections become status 500 and are logged. */
  answer(request: HttpRequest): Promise<HttpResponse>;
}

const MAX_HEAD_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 256;
const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/**
 * As much of HTTP/1.1 as tools need that look at a server: one request a connection, whose body is not read, and its
 * answer. What sends too much, too slowly or nonsense is answered so, and its connection closed.
 */
export class HttpServer {
  private readonly options: HttpServerOptions;
  private readonly connections = new Set<HttpConnection>();
  private listener: Listener | undefined;

  constructor(options: HttpServerOptions) {
    this.options = options;
  }

  /** Rejects when the port cannot be had. */
  async start(): Promise<void> {
    const { env, host, port } = this.options;
    this.listener = await env.net.listen({ host, port }, (connection) => this.accept(connection));
  }

  get port(): number {
    return this.listener?.port ?? this.options.port;
  }

  async close(): Promise<void> {
    for (const connection of [...this.connections]) connection.destroy();
    await this.listener?.close();
  }

  private accept(socket: Connection): void {
    if (this.connections.size >= MAX_CONNECTIONS) {
      socket.destroy();
      return;
    }
    const connection = new HttpConnection(socket, this.options, () => this.connections.delete(connection));
    this.connections.add(connection);
  }
}

class HttpConnection {
  private readonly socket: Connection;
  private readonly options: HttpServerOptions;
  private readonly timer: Timer;
  private head = Buffer.alloc(0);
  private isAnswering = false;
  private isClosed = false;
  private drained: (() => void) | undefined;

  constructor(socket: Connection, options: HttpServerOptions, closed: () => void) {
    this.socket = socket;
    this.options = options;
    this.timer = options.env.timers.after(options.idleTimeoutMs, () => this.destroy());
    socket.start({
      data: (bytes) => this.received(bytes),
      drain: () => this.wake(),
      close: () => {
        this.isClosed = true;
        this.timer.cancel();
        this.wake();
        closed();
      },
    });
  }

  destroy(): void {
    this.socket.destroy();
  }

  private wake(): void {
    this.drained?.();
    this.drained = undefined;
  }

  private received(bytes: Buffer): void {
    if (this.isAnswering) return;
    this.head = Buffer.concat([this.head, bytes]);
    const end = this.head.indexOf('\r\n\r\n');
    if (end < 0 && this.head.length <= MAX_HEAD_BYTES) return;
    this.isAnswering = true;
    const request = end < 0 ? 431 : parseHead(this.head.toString('latin1', 0, end), this.socket.remoteHost);
    void this.answer(request);
  }

  private async answer(request: HttpRequest | number): Promise<void> {
    if (typeof request === 'number') {
      await this.send({ status: request, contentType: 'text/plain', body: `${REASONS[request]}\n` }, true);
      return;
    }
    let response: HttpResponse;
    try {
      response = await this.options.answer(request);
    } catch (error) {
      this.options.env.log.error('a request over HTTP has failed', { path: request.path, error });
      response = { status: 500, contentType: 'text/plain', body: 'Internal Server Error\n' };
    }
    await this.send(response, request.method !== 'HEAD');
  }

  private async send(response: HttpResponse, withBody: boolean): Promise<void> {
    if (this.isClosed) return;
    const { status, contentType, headers, body } = response;
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    const lines = [
      `HTTP/1.1 ${status} ${REASONS[status] ?? ''}`,
      `Date: ${new Date(this.options.env.clock.nowMs()).toUTCString()}`,
      ...Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`),
      ...(contentType === undefined ? [] : [`Content-Type: ${contentType}`]),
      `Content-Length: ${length}`,
      'Connection: close',
    ];
    this.socket.write([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')]);
    if (!withBody) {
      this.socket.end();
      return;
    }
    if (typeof body === 'string') this.socket.write([Buffer.from(body)]);
    else await this.stream(body.chunks);
    this.socket.end();
  }

  private async stream(chunks: AsyncIterable<Buffer>): Promise<void> {
    try {
      for await (const chunk of chunks) {
        if (this.isClosed) return;
        if (this.socket.write([chunk])) continue;
        await new Promise<void>((resolve) => {
          this.drained = resolve;
        });
      }
    } catch (error) {
      // The status is out already: an answer that ends too early is all that can be said.
      this.options.env.log.error('an answer over HTTP could not be completed', { error });
      this.destroy();
    }
  }
}

/** The request, or the status that refuses it. */
function parseHead(text: string, remoteHost: string): HttpRequest | number {
  const [first = '', ...lines] = text.split('\r\n');
  const match = /^([A-Z]+) (\/\S*) HTTP\/1\.[01]$/.exec(first);
  if (match === null) return 400;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) return 400;
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const [, method = '', target = '/'] = match;
  try {
    const url = new URL(`http://server${target}`);
    return {
      method,
      path: decodeURIComponent(url.pathname),
      query: new Map(url.searchParams),
      headers,
      remoteHost,
    };
  } catch {
    return 400;
  }
}
