import type { Disk } from '../../env/disk.ts';
import type { Env } from '../../env/env.ts';
import { Perms } from '../../wire/zookeeper/op-codes.ts';
import {
  ADMIN_COMMANDS,
  type AdminAnswer,
  type AdminCommand,
  type AdminContext,
  type MemberView,
} from './admin-commands.ts';
import { type AdminRecord, adminJson } from './admin-json.ts';
import { type HttpRequest, type HttpResponse, HttpServer } from './http-server.ts';
import type { Monitored } from './monitor.ts';

const CHUNK_BYTES = 256 * 1024;
const BY_NAME: ReadonlyMap<string, AdminCommand> = new Map(
  ADMIN_COMMANDS.flatMap((command) => command.names.map((name) => [name, command] as const)),
);

export interface AdminServerOptions extends Monitored {
  readonly env: Env;
  readonly ensemble: MemberView | undefined;
}

/**
 * Answers commands over HTTP, in Apache's JSON (JettyAdminServer, Commands). Departs from 3.9.5 in having no `restore`,
 * in answering nothing but GET, and in plain-text pages for what is not found.
 */
export class AdminServer {
  private readonly options: AdminServerOptions;
  private readonly context: AdminContext;
  private readonly http: HttpServer;
  private lastSnapshotMs: number | undefined;

  constructor(options: AdminServerOptions) {
    const { env, core } = options;
    const { adminAddress, adminPort, adminIdleTimeoutMs } = core.config;
    this.options = options;
    this.context = {
      core,
      process: options.process,
      ensemble: options.ensemble,
      takeSnapshot: (query) => this.takeSnapshot(query),
    };
    this.http = new HttpServer({
      env,
      host: adminAddress,
      port: adminPort,
      idleTimeoutMs: adminIdleTimeoutMs,
      answer: (request) => this.answer(request),
    });
  }

  /** Rejects when the port cannot be had. */
  start(): Promise<void> {
    return this.http.start();
  }

  get port(): number {
    return this.http.port;
  }

  close(): Promise<void> {
    return this.http.close();
  }

  private async answer(request: HttpRequest): Promise<HttpResponse> {
    const { adminCommandUrl: base } = this.options.core.config;
    const { path, method } = request;
    if (path === base || path === `${base}/`)
      return { status: 200, contentType: 'text/html', body: this.links() };
    if (!path.startsWith(`${base}/`)) return { status: 404, contentType: 'text/plain', body: 'Not Found\n' };
    if (method !== 'GET' && method !== 'HEAD') {
      return { status: 405, contentType: 'text/plain', body: 'Method Not Allowed\n' };
    }
    return this.run(path.slice(base.length + 1), request);
  }

  private links(): string {
    const { adminCommandUrl: base } = this.options.core.config;
    return ADMIN_COMMANDS.map(({ names: [name] }) => `<a href="${base}/${name}">${name}</a>\n<br/>\n`).join(
      '',
    );
  }

  private async run(name: string, request: HttpRequest): Promise<HttpResponse> {
    const command = BY_NAME.get(name);
    if (command === undefined) return refusal(name, `Unknown command: ${name}`);
    if (command.needsService && this.options.core.role === undefined) {
      return refusal(name, 'This ZooKeeper instance is not currently serving requests');
    }
    const denial = command.needsAuth === true ? this.denial(name, request) : undefined;
    if (denial !== undefined) return denial;
    const answer = await command.run(this.context, request.query);
    return 'fields' in answer ? toResponse(command.names[0], answer) : answer;
  }

  /** Why the request may not have what takes all permissions on the root. */
  private denial(name: string, { headers, remoteHost }: HttpRequest): HttpResponse | undefined {
    const { access, tree } = this.options.core;
    const info = headers.get('authorization');
    if (info === undefined) return refusal(name, 'Auth info is missing for the command', 401);
    const [scheme = '', auth, ...more] = info.split(' ');
    const proven =
      more.length > 0 ? undefined : access.authenticate(scheme, Buffer.from(auth ?? ''), remoteHost);
    const identities = scheme === 'ip' ? [{ scheme: 'ip', id: remoteHost }] : (proven ?? []);
    if (identities.length === 0) return refusal(name, 'Not authenticated', 401);
    const root = tree.get('/');
    const acl = root === undefined ? [] : tree.aclOf(root);
    const needed = [Perms.READ, Perms.WRITE, Perms.CREATE, Perms.DELETE, Perms.ADMIN];
    const isAllowed = needed.every((permission) => access.permits(acl, permission, identities));
    return isAllowed ? undefined : refusal(name, 'Not authorized', 403);
  }

  private async takeSnapshot(query: ReadonlyMap<string, string>): Promise<HttpResponse | AdminAnswer> {
    const { env, core } = this.options;
    const { adminSnapshotEnabled, adminSnapshotIntervalMs } = core.config;
    if (!adminSnapshotEnabled) return { fields: {}, status: 503 };
    const nowMs = env.clock.monotonicMs();
    if (this.lastSnapshotMs !== undefined && nowMs - this.lastSnapshotMs < adminSnapshotIntervalMs) {
      core.stats.snapshotsRateLimited++;
      return { fields: {}, status: 429 };
    }
    this.lastSnapshotMs = nowMs;
    const { path, zxid } = await core.storage.snapshotNow();
    const bytes = env.disk.stat(path)?.size ?? 0;
    const headers = { last_zxid: `0x${zxid.toString(16)}`, snapshot_size: String(bytes) };
    const isStreaming = (query.get('streaming') ?? 'true').toLowerCase() === 'true';
    const body = isStreaming
      ? { length: bytes, chunks: fileChunks(env.disk, path, bytes) }
      : adminJson({ command: 'snapshot', error: null });
    const contentType = isStreaming ? 'application/octet-stream' : 'application/json';
    return { status: 200, contentType, headers, body };
  }
}

async function* fileChunks(disk: Disk, path: string, bytes: number): AsyncGenerator<Buffer> {
  const file = disk.open(path, 'read');
  try {
    for (let position = 0; position < bytes; ) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, bytes - position));
      const read = await file.readAsync(chunk, position);
      if (read === 0) throw new Error(`${path} has become shorter while it was sent`);
      yield chunk.subarray(0, read);
      position += read;
    }
  } finally {
    file.close();
  }
}

function refusal(name: string, error: string, status = 200): HttpResponse {
  return toJson({ command: name, error }, status);
}

/** An error of the command's own comes first, as in Apache's answers. */
function toResponse(name: string, { fields, error, status }: AdminAnswer): HttpResponse {
  const all =
    error === undefined ? { ...fields, command: name, error: null } : { error, ...fields, command: name };
  return toJson(all, status ?? 200);
}

function toJson(fields: AdminRecord, status: number): HttpResponse {
  return { status, contentType: 'application/json', body: adminJson(fields) };
}
