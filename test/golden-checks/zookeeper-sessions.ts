import assert from 'node:assert/strict';
import { ByteReader } from '../../src/base/byte-reader.ts';
import { Simulation } from '../../src/env/sim/simulation.ts';
import { readConnectRequest, readConnectResponse } from '../../src/wire/zookeeper/connect.ts';
import { OpCode, SpecialXid } from '../../src/wire/zookeeper/op-codes.ts';
import { ReplyHeader, RequestHeader, WatcherEvent } from '../../src/wire/zookeeper/protocol.ts';
import { digestId, startZooKeeperServer } from '../../src/zookeeper/index.ts';
import { isWrite } from '../../src/zookeeper/pipeline/request.ts';
import { sessionPassword } from '../../src/zookeeper/session/session-password.ts';
import { type Json, toJson } from '../support/jute-json.ts';
import { decodeReply, RawZkClient } from '../support/raw-zk-client.ts';
import type { GoldenCheck, GoldenFile } from './check.ts';

/** One line of a capture: an event of a connection between a client and Apache's server. */
interface Line {
  conn: number;
  label: string;
  dir: 'open' | 'c2s' | 's2c' | 'server-closed' | 'client-closed-or-reset';
  kind?: 'ConnectRequest' | 'ConnectResponse' | 'request' | 'reply' | 'event' | 'raw' | 'undecoded';
  hex?: string;
}

/** In the order in which the one server of the captures saw them. */
const FILES = ['ops', 'watches', 'setwatches-old', 'session-life'];

/** Where Apache's order of elements is that of a hash table. */
const UNORDERED = new Set(['children', 'ephemerals', 'clientInfo']);
/** Zxids of transactions: each stands for one transaction here and for one there. */
const TXN_ZXIDS = new Set(['czxid', 'mzxid', 'pzxid']);
const TIMES = new Set(['ctime', 'mtime']);

/** What is known of which value of the capture stands for which value of this run. */
class Correspondence {
  readonly sessions = new Map<bigint, bigint>();
  private readonly txns = new Map<number, number>([[0, 0]]);
  private readonly reads: [apache: number, ours: number, where: string][] = [];

  txn(apache: number, ours: number, where: string): void {
    const known = this.txns.get(apache);
    if (known === undefined) this.txns.set(apache, ours);
    else assert.equal(ours, known, `${where}: zxid ${apache} was ${known} before`);
  }

  read(apache: number, ours: number, where: string): void {
    this.reads.push([apache, ours, where]);
  }

  ourZxid(apache: number): number {
    for (let zxid = apache; ; zxid--) {
      const ours = this.txns.get(zxid);
      if (ours !== undefined) return ours + (apache - zxid);
    }
  }

  /** Transactions have the same order in both runs, and reads the same place among them. */
  check(): void {
    const txns = [...this.txns].sort(([a], [b]) => a - b);
    for (const [i, [apache, ours]] of txns.entries()) {
      const before = txns[i - 1];
      if (before !== undefined)
        assert.ok(ours > before[1], `zxid ${apache} is ${ours}, ${before[0]} is ${before[1]}`);
    }
    for (const [apache, ours, where] of this.reads) {
      for (const [txnApache, txnOurs] of txns) {
        const isSame = txnApache <= apache === txnOurs <= ours;
        assert.ok(
          isSame,
          `${where}: read at ${ours} (${apache}) against transaction ${txnOurs} (${txnApache})`,
        );
      }
    }
  }

  /** Compares two records, given as JSON, up to the values of one run. */
  compare(apache: Json, ours: Json, where: string): void {
    if (Array.isArray(apache) && Array.isArray(ours)) {
      assert.equal(ours.length, apache.length, `${where}: elements`);
      for (const [i, element] of apache.entries()) this.compare(element, ours[i] ?? null, `${where}[${i}]`);
    } else if (isObject(apache) && isObject(ours)) {
      assert.deepEqual(Object.keys(ours), Object.keys(apache), where);
      for (const [name, value] of Object.entries(apache)) {
        this.compareField(name, value, ours[name] ?? null, `${where}.${name}`);
      }
    } else {
      assert.equal(ours, apache, where);
    }
  }

  private compareField(name: string, apache: Json, ours: Json, where: string): void {
    if (TXN_ZXIDS.has(name)) {
      this.txn(Number(apache), Number(ours), where);
    } else if (TIMES.has(name)) {
      assert.equal(Number(ours) > 0, Number(apache) > 0, where);
    } else if (name === 'ephemeralOwner') {
      const owner = BigInt(apache as string | number);
      assert.equal(String(ours), String(owner === 0n ? 0n : this.sessions.get(owner)), where);
    } else if (UNORDERED.has(name)) {
      assert.deepEqual(sorted(ours), sorted(apache), where);
    } else {
      this.compare(apache, ours, where);
    }
  }
}

function isObject(json: Json): json is { [name: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function sorted(json: Json): string[] {
  return (json as Json[]).map((element) => JSON.stringify(element)).sort();
}

/** Plays the client side of captured connections and compares what comes back with what Apache answered. */
class Replay {
  private readonly sim: Simulation;
  private readonly port: number;
  private readonly known: Correspondence;
  private readonly clients = new Map<number, RawZkClient>();
  /** Operation by connection and xid. */
  private readonly requests = new Map<string, number>();
  private hasActedBehind = false;
  replies = 0;

  constructor(sim: Simulation, port: number, known: Correspondence) {
    this.sim = sim;
    this.port = port;
    this.known = known;
  }

  async play(line: Line, where: string): Promise<void> {
    const net = this.sim.host('server').env.net;
    switch (line.dir) {
      case 'open':
        await this.actBehind(line);
        this.clients.set(line.conn, await RawZkClient.open(net, this.port));
        return;
      case 'c2s':
        this.send(line, this.clientOf(line), where);
        return;
      case 's2c':
        this.receive(line, await this.nextFrame(line, where), where);
        return;
      case 'server-closed':
        await this.clientOf(line).closed();
        this.checkNothingMore(line, where);
        return;
      case 'client-closed-or-reset':
        this.clientOf(line).destroy();
        this.checkNothingMore(line, where);
    }
  }

  private clientOf(line: Line): RawZkClient {
    const client = this.clients.get(line.conn);
    assert.ok(client !== undefined, `connection ${line.conn} was never opened`);
    return client;
  }

  /** Everything that this server sent was in the capture as well. */
  private checkNothingMore(line: Line, where: string): void {
    assert.equal(this.clientOf(line).frames.length, 0, `${where}: frames that Apache did not send`);
  }

  private async nextFrame(line: Line, where: string): Promise<Buffer> {
    const bytes = await this.clientOf(line).next();
    assert.ok(bytes !== undefined, `${where}: closed by the server instead of an answer`);
    return bytes;
  }

  /** The capture's own changes while the clients are away went to the server past the recording proxy. */
  private async actBehind(line: Line): Promise<void> {
    if (!line.label.includes('server-side change while away') || this.hasActedBehind) return;
    this.hasActedBehind = true;
    const actor = await RawZkClient.open(this.sim.host('server').env.net, this.port);
    await actor.connect();
    const acl = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];
    await actor.call(OpCode.create, { path: '/alfa/w/future', data: null, acl, flags: 0 });
    await actor.call(OpCode.setData, { path: '/alfa/w/n', data: Buffer.from('away'), version: -1 });
    await actor.call(OpCode.closeSession);
  }

  private send(line: Line, client: RawZkClient, where: string): void {
    const bytes = Buffer.from(line.hex ?? '', 'hex');
    if (line.kind === 'raw') {
      client.write(bytes);
    } else if (line.kind === 'ConnectRequest') {
      client.send(this.translateConnect(bytes));
    } else {
      const { xid, type } = RequestHeader.read(new ByteReader(bytes));
      this.requests.set(`${line.conn} ${xid}`, type);
      if (type === OpCode.setWatches || type === OpCode.setWatches2) {
        const zxid = bytes.readBigInt64BE(8);
        assert.ok(zxid > 0n, where);
        bytes.writeBigInt64BE(BigInt(this.known.ourZxid(Number(zxid))), 8);
      }
      client.send(bytes);
    }
  }

  /** The same connect request for the session of this run that stands for the captured one. */
  private translateConnect(bytes: Buffer): Buffer {
    const { record } = readConnectRequest(new ByteReader(bytes));
    const ours = this.known.sessions.get(record.sessionId);
    const translated = Buffer.from(bytes);
    if (record.lastZxidSeen > 0 && record.lastZxidSeen < 10_000) {
      translated.writeBigInt64BE(BigInt(this.known.ourZxid(record.lastZxidSeen)), 4);
    }
    if (ours !== undefined) {
      translated.writeBigInt64BE(ours, 16);
      if (record.passwd?.equals(sessionPassword(record.sessionId)))
        sessionPassword(ours).copy(translated, 28);
    }
    return translated;
  }

  private receive(line: Line, ours: Buffer, where: string): void {
    const apache = Buffer.from(line.hex ?? '', 'hex');
    const isSessionFrame = line.kind === 'ConnectResponse' || line.kind === 'undecoded';
    if (isSessionFrame) {
      this.compareSessions(apache, ours, where);
      return;
    }
    this.replies++;
    if (line.kind === 'event') {
      this.compareEvents(apache, ours, where);
      return;
    }
    const { xid } = ReplyHeader.read(new ByteReader(apache));
    const type = this.requests.get(`${line.conn} ${xid}`);
    assert.ok(type !== undefined, `${where}: a reply to ${xid}, which was not asked`);
    const wanted = decodeReply(type, apache);
    const got = decodeReply(type, ours);
    assert.deepEqual({ ...got.header, zxid: 0 }, { ...wanted.header, zxid: 0 }, where);
    if (wanted.header.zxid <= 0) assert.equal(got.header.zxid, wanted.header.zxid, `${where}: zxid`);
    else if (isWrite(type)) this.known.txn(wanted.header.zxid, got.header.zxid, where);
    else this.known.read(wanted.header.zxid, got.header.zxid, where);
    this.known.compare(toJson(wanted.record), toJson(got.record), where);
  }

  private compareEvents(apache: Buffer, ours: Buffer, where: string): void {
    const [wantedReader, gotReader] = [new ByteReader(apache), new ByteReader(ours)];
    const wanted = ReplyHeader.read(wantedReader);
    const got = ReplyHeader.read(gotReader);
    assert.equal(got.xid, SpecialXid.notification, where);
    assert.equal(got.err, 0, where);
    if (wanted.zxid === -1) assert.equal(got.zxid, -1, where);
    else this.known.txn(wanted.zxid, got.zxid, where);
    assert.deepEqual(WatcherEvent.read(gotReader), WatcherEvent.read(wantedReader), where);
  }

  private compareSessions(apache: Buffer, ours: Buffer, where: string): void {
    const wanted = readConnectResponse(new ByteReader(apache));
    const got = readConnectResponse(new ByteReader(ours));
    assert.equal(ours.length, apache.length, where);
    assert.equal(got.hasReadOnly, wanted.hasReadOnly, where);
    const { sessionId, passwd, ...rest } = got.record;
    const { sessionId: apacheId, passwd: apachePasswd, ...apacheRest } = wanted.record;
    assert.deepEqual(rest, apacheRest, where);
    assert.equal(sessionId === 0n, apacheId === 0n, where);
    if (sessionId === 0n) {
      assert.deepEqual(passwd, apachePasswd, where);
      return;
    }
    const known = this.known.sessions.get(apacheId);
    if (known === undefined) this.known.sessions.set(apacheId, sessionId);
    else assert.equal(sessionId, known, where);
    assert.deepEqual(apachePasswd, sessionPassword(apacheId), `${where}: Apache's password`);
    assert.deepEqual(passwd, sessionPassword(sessionId), `${where}: our password`);
  }
}

/** The whole server of ours against what clients and Apache's server said to each other, in all captures. */
async function replayAll(first: GoldenFile): Promise<void> {
  const sim = new Simulation({ seed: 1 });
  const known = new Correspondence();
  await sim.run(
    async () => {
      const server = await startZooKeeperServer(sim.host('server').env, {
        dataDir: '/data',
        clientPort: 2181,
        tickTimeMs: 500,
        extendedTypesEnabled: true,
        enforceQuota: true,
        superDigest: digestId('super:admin'),
      });
      for (const name of FILES) {
        const file = first.sibling(`${name}.jsonl.gz`);
        const replay = new Replay(sim, server.port, known);
        for (const [i, line] of file.lines<Line>().entries()) {
          await replay.play(line, `${name}:${i + 1} connection ${line.conn} (${line.label})`);
        }
        assert.ok(replay.replies > 0, `${name} holds no reply`);
      }
      known.check();
      await server.close();
    },
    { withinMs: 10 * 60_000 },
  );
}

/** Captured sessions: the same requests get the same answers from our server. */
export const zookeeperSessions: GoldenCheck = {
  name: 'ZooKeeper sessions',
  matches: (path) => path === 'zookeeper/sessions/ops.jsonl.gz',
  *cases(file) {
    yield { label: `our server answers as Apache's in ${FILES.join(', ')}`, run: () => replayAll(file) };
  },
};
