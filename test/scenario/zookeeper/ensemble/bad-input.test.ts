import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteReader } from '../../../../src/base/byte-reader.ts';
import { ByteWriter } from '../../../../src/base/byte-writer.ts';
import type { Disk } from '../../../../src/env/disk.ts';
import type { Connection } from '../../../../src/env/net.ts';
import { OpCode } from '../../../../src/wire/zookeeper/op-codes.ts';
import { ReplyHeader } from '../../../../src/wire/zookeeper/protocol.ts';
import { PacketType } from '../../../../src/wire/zookeeper/quorum.ts';
import { parsePeer } from '../../../../src/zookeeper/election/peer-spec.ts';
import { quorumVerifierOf } from '../../../../src/zookeeper/election/quorum-verifier.ts';
import { startZooKeeperServer } from '../../../../src/zookeeper/index.ts';
import { makeZxid } from '../../../../src/zookeeper/pipeline/zxid.ts';
import { ackEpochPacket, helloPacket, plainPacket } from '../../../../src/zookeeper/zab/packets.ts';
import { goldenLines } from '../../../support/golden.ts';
import { RawZkClient } from '../../../support/raw-zk-client.ts';
import { write, ZkEnsemble, type ZkEnsembleOptions } from '../../../support/zk-ensemble.ts';

const QUORUM_PORT = 2888;
const ELECTION_PORT = 3888;
const CLIENT_PORT = 2181;

async function withEnsemble(
  options: ZkEnsembleOptions,
  story: (zk: ZkEnsemble) => Promise<void>,
): Promise<void> {
  const zk = new ZkEnsemble(options);
  await zk.sim.run(() => story(zk), { withinMs: 3_600_000 });
}

/** A connection that only talks; it remembers whether it was hung up on. */
class Stranger {
  isClosed = false;
  readonly connection: Connection;

  private constructor(connection: Connection) {
    this.connection = connection;
    connection.start({
      data: () => undefined,
      close: () => {
        this.isClosed = true;
      },
    });
  }

  static async connect(zk: ZkEnsemble, id: number, port: number): Promise<Stranger> {
    return new Stranger(await zk.clientHost.env.net.connect({ host: `zk${id}`, port }));
  }

  say(...chunks: readonly Buffer[]): this {
    if (!this.isClosed) this.connection.write(chunks);
    return this;
  }
}

/** What hosts have logged at a level, at least `warn`. */
function complaints(zk: ZkEnsemble, pattern: RegExp): string[] {
  return zk.sim.logLines
    .filter(({ level }) => level === 'warn' || level === 'error')
    .map((line) => `${line.host}: ${line.text} ${JSON.stringify(line.fields)}`)
    .filter((line) => pattern.test(line));
}

/** The ensemble has lost nothing: it still writes, on every server, and all have the same. */
async function stillWorks(zk: ZkEnsemble, path: string): Promise<void> {
  await zk.serving();
  for (const id of zk.servers.keys()) await write(await zk.client(id), `${path}-${id}`);
  await zk.settled();
  zk.assertSameTrees();
}

const hello = (id: number) =>
  helloPacket({ id, isObserver: false, acceptedEpoch: 1, configVersion: 0 }, makeZxid(1, 0));

/** A length that no packet has, then nothing. */
function announces(bytes: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes);
  return length;
}

function quorumPacket(type: number, data: Buffer): Buffer {
  const writer = new ByteWriter();
  writer.int32(type);
  writer.int64(makeZxid(1, 0));
  writer.int32(data.length);
  writer.bytes(data);
  writer.int32(-1);
  return writer.toBuffer();
}

describe('The quorum port', () => {
  const introduced = [hello(9), ackEpochPacket(1, 0)];
  const followed = [...introduced, plainPacket(PacketType.ACK, makeZxid(1, 0))];
  const cases: { name: string; says: Buffer[] }[] = [
    { name: 'text of another protocol', says: [Buffer.from('GET / HTTP/1.1\r\n\r\n')] },
    { name: 'zeros', says: [Buffer.alloc(64)] },
    { name: 'no hello', says: [plainPacket(PacketType.ACK, 1)] },
    { name: 'a packet of an unknown type', says: [quorumPacket(99, Buffer.alloc(0))] },
    { name: 'a hello without its record', says: [quorumPacket(PacketType.FOLLOWERINFO, Buffer.alloc(3))] },
    {
      name: 'data of two gigabytes',
      says: [quorumPacket(PacketType.FOLLOWERINFO, Buffer.alloc(0)).subarray(0, 12), announces(0x7fff_ffff)],
    },
    {
      name: 'data of a negative length',
      says: [quorumPacket(PacketType.FOLLOWERINFO, Buffer.alloc(0)).subarray(0, 12), announces(-7)],
    },
    { name: 'the id of the leader', says: [hello(3)] },
    { name: 'the id of a follower', says: [hello(1)] },
    { name: 'a proposal of its own', says: [...followed, plainPacket(PacketType.PROPOSAL, makeZxid(1, 9))] },
    { name: 'a ping that is no list', says: [...followed, quorumPacket(PacketType.PING, Buffer.alloc(5))] },
    { name: 'a request too short', says: [...followed, quorumPacket(PacketType.REQUEST, Buffer.alloc(9))] },
    {
      name: 'an acknowledgement of another epoch',
      says: [...introduced, plainPacket(PacketType.ACK, makeZxid(7, 0))],
    },
  ];
  for (const { name, says } of cases) {
    it(`closes a connection that says ${name}, and goes on`, async () => {
      await withEnsemble({ participants: 3 }, async (zk) => {
        await zk.startAll();
        const leader = await zk.serving();
        const client = await zk.client(1);
        await write(client, '/before');
        const stranger = await Stranger.connect(zk, leader, QUORUM_PORT);
        stranger.say(...says);
        await zk.sim.runUntil(() => stranger.isClosed, { withinMs: 60_000 });
        assert.equal(zk.leader, leader, 'the leader has gone');
        await stillWorks(zk, '/after');
        zk.assertNoFailures();
      });
    });
  }

  it('closes silent connections, and counts nobody who has not the history', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      const leader = await zk.serving();
      const silent = await Stranger.connect(zk, leader, QUORUM_PORT);
      await zk.sim.runUntil(() => silent.isClosed, { withinMs: 60_000 });
      // With its followers gone a leader must not take promises for a quorum.
      zk.kill(...zk.ids.filter((id) => id !== leader));
      const fake = await Stranger.connect(zk, leader, QUORUM_PORT);
      fake.say(hello(1), ackEpochPacket(1, 0));
      await zk.sim.runUntil(() => zk.server(leader).mode === undefined, { withinMs: 60_000 });
      zk.assertNoFailures();
    });
  });

  it('survives what has been spoiled on the way', async () => {
    for (const seed of [1, 2, 3]) {
      await withEnsemble({ participants: 3, seed }, async (zk) => {
        await zk.startAll();
        await zk.serving();
        const { random } = zk.sim;
        for (let round = 0; round < 40; round++) {
          const stranger = await Stranger.connect(zk, zk.leader ?? 3, QUORUM_PORT);
          const packets = [...followed, quorumPacket(PacketType.REQUEST, random.bytes(40))];
          for (const packet of packets) {
            const spoiled = Buffer.from(packet);
            if (random.chance(0.3)) spoiled[random.below(spoiled.length)] = random.below(256);
            stranger.say(random.chance(0.1) ? spoiled.subarray(0, random.below(spoiled.length)) : spoiled);
            await zk.sim.advance(random.below(20));
          }
          stranger.connection.destroy();
        }
        await stillWorks(zk, '/after');
        zk.assertNoFailures();
      });
    }
  });

  it('of another program is no leader: its server says so and tries again', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      const leader = await zk.serving();
      zk.kill(leader);
      zk.host(leader).restart();
      // Something else answers at the address of the server that the others elect once it is back.
      const { net } = zk.host(leader).env;
      const other = await net.listen({ port: QUORUM_PORT }, (connection) => {
        connection.start({ data: () => undefined, close: () => undefined });
        connection.write([Buffer.from('220 mail.example.org ESMTP\r\n'.repeat(4))]);
      });
      await zk.start(leader);
      await zk.sim.advance(20_000);
      await other.close();
      await stillWorks(zk, '/after');
      zk.assertNoFailures();
    });
  });
});

describe('The election port', () => {
  const introduction = (id: bigint, address: string): Buffer => {
    const text = Buffer.from(address);
    const bytes = Buffer.alloc(20);
    bytes.writeBigInt64BE(-65536n, 0);
    bytes.writeBigInt64BE(id, 8);
    bytes.writeInt32BE(text.length, 16);
    return Buffer.concat([bytes, text]);
  };
  const notification = (bytes: number): Buffer =>
    Buffer.concat([announces(bytes), Buffer.alloc(bytes, 0x7f)]);
  const cases: { name: string; says: Buffer[]; closes?: boolean }[] = [
    { name: 'text of another protocol', says: [Buffer.from('GET / HTTP/1.1\r\n\r\n')] },
    { name: 'nothing', says: [] },
    {
      name: 'a protocol version of the future',
      says: [Buffer.from('ffffffffffff0000', 'hex'), Buffer.alloc(40)],
    },
    { name: 'an address of a gigabyte', says: [introduction(2n, '').subarray(0, 16), announces(2 ** 30)] },
    { name: 'an address that is none', says: [introduction(2n, 'nowhere')] },
    { name: 'an id beyond all ids', says: [introduction(2n ** 62n, '10.0.0.9:1')] },
    { name: 'the id of this server', says: [introduction(3n, 'zk3:3888')] },
    { name: 'a notification without an end', says: [introduction(7n, 'zk7:3888'), announces(0x7fff_ffff)] },
    {
      name: 'notifications that cannot be read',
      says: [
        introduction(7n, 'zk7:3888'),
        notification(28),
        notification(40),
        notification(60),
        announces(-1),
      ],
    },
  ];
  for (const { name, says } of cases) {
    it(`closes a connection that says ${name}, and elects all the same`, async () => {
      await withEnsemble({ participants: 3 }, async (zk) => {
        await zk.startAll();
        const leader = await zk.serving();
        const stranger = await Stranger.connect(zk, 3, ELECTION_PORT);
        stranger.say(...says);
        await zk.sim.runUntil(() => stranger.isClosed, { withinMs: 60_000 });
        assert.notDeepEqual(complaints(zk, /^zk3: .*(election connection|id of this one)/), []);
        zk.kill(leader);
        assert.notEqual(await zk.serving(), leader);
        await stillWorks(zk, '/after');
        zk.assertNoFailures();
      });
    });
  }

  it('elects though somebody says again and again that he is one of the others', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      const leader = await zk.serving();
      const rest = zk.ids.filter((id) => id !== leader);
      const impostors: Stranger[] = [];
      zk.kill(leader);
      for (let round = 0; round < 20; round++) {
        for (const id of rest) {
          const other = rest.find((each) => each !== id) ?? 0;
          impostors.push(
            (await Stranger.connect(zk, id, ELECTION_PORT)).say(
              introduction(BigInt(other), `zk${other}:${ELECTION_PORT}`),
            ),
          );
        }
        await zk.sim.advance(50);
      }
      for (const { connection } of impostors) connection.destroy();
      await stillWorks(zk, '/after');
      zk.assertNoFailures();
    });
  });
});

describe('The client port of a follower', () => {
  const frames = ['ops', 'watches', 'session-life']
    .flatMap((file) =>
      goldenLines<{ dir: string; kind?: string; hex?: string }>(`zookeeper/sessions/${file}.jsonl.gz`),
    )
    .filter((line) => line.dir === 'c2s' && line.kind === 'request' && line.hex !== undefined)
    .map((line) => Buffer.from(line.hex ?? '', 'hex'));

  it('passes no malformed write on that would bring down its leader', async () => {
    for (const seed of [1, 2]) {
      await withEnsemble(
        { participants: 3, seed, server: { extendedTypesEnabled: true, enforceQuota: true } },
        async (zk) => {
          await zk.startAll();
          const leader = await zk.serving();
          const { random } = zk.sim;
          for (let round = 0; round < 60; round++) {
            const hostile = await zk.client(1 + random.below(3), 20_000);
            for (let i = random.below(20); i >= 0; i--) {
              const frame = Buffer.from(frames[random.below(frames.length)] ?? Buffer.alloc(8));
              const flips = random.below(4);
              for (let flip = 0; flip < flips; flip++) frame[random.below(frame.length)] = random.below(256);
              hostile.send(random.chance(0.2) ? frame.subarray(0, random.below(frame.length + 1)) : frame);
            }
            await zk.sim.advance(random.below(50));
            hostile.destroy();
          }
          assert.equal(await zk.serving(), leader, 'the leader has changed');
          await stillWorks(zk, '/after');
          zk.assertNoFailures();
          const errors = zk.sim.logLines.filter(({ level }) => level === 'error');
          assert.deepEqual(errors, [], 'the trees have come apart, or worse');
        },
      );
    }
  });
});

/** A server with the id of another one, on a host of its own. */
function startDouble(zk: ZkEnsemble, id: number) {
  const host = zk.sim.host('double');
  return startZooKeeperServer(host.env, {
    dataDir: '/data',
    clientPort: CLIENT_PORT,
    tickTimeMs: 1000,
    ensemble: {
      serverId: id,
      quorum: quorumVerifierOf({ version: 0, peers: zk.ids.map((each) => parsePeer(each, zk.line(each))) }),
      initLimit: 10,
      syncLimit: 5,
      connectToLearnerMasterLimit: 0,
      // Its own line is that of the other host, where it cannot listen.
      quorumListenOnAllIPs: true,
      leaderServes: true,
    },
  });
}

describe('Two servers with one id', () => {
  it('do not both follow: the others name them, and the second gets nothing to acknowledge', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      const leader = await zk.serving();
      const follower = leader === 1 ? 2 : 1;
      const client = await zk.client(leader);
      await write(client, '/before');
      const double = await startDouble(zk, follower);
      for (let i = 0; i < 20; i++) {
        await zk.sim.advance(1000);
        await write(client, `/n-${i}`);
      }
      assert.notDeepEqual(complaints(zk, /another server the same myid/), []);
      assert.equal(double.mode, undefined, 'the double serves');
      assert.equal(double.tree.get('/before'), undefined, 'the double has been given data');
      await double.close();
      await stillWorks(zk, '/after');
      zk.assertNoFailures();
    });
  });
});

describe('The data directory', () => {
  it('of another ensemble is noticed by the digests, and replaced when it is emptied', async () => {
    const other = new ZkEnsemble({ participants: 3, seed: 7 });
    const files = await other.sim.run(async () => {
      await other.startAll();
      const leader = await other.serving();
      const client = await other.client(leader);
      for (let i = 0; i < 3; i++) await write(client, `/theirs-${i}`);
      await other.settled();
      other.crash(1);
      return copyOf(other, 1);
    });
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      const leader = await zk.serving();
      const victim = leader === 1 ? 2 : 1;
      const client = await zk.client(leader);
      for (let i = 0; i < 10; i++) await write(client, `/ours-${i}`);
      await zk.settled();
      zk.crash(victim);
      await startWith(zk, victim, files);
      await zk.serving();
      await write(client, '/one-more');
      await zk.sim.advance(1000);
      // Its zxids are known here, with other contents: nothing but the digest tells.
      const said = complaints(zk, new RegExp(`^zk${victim}: the data of this server differs`));
      assert.notDeepEqual(said, []);
      zk.crash(victim);
      await zk.restartEmpty(victim);
      await stillWorks(zk, '/after');
      assert.equal(zk.tree(victim).get('/theirs-0'), undefined);
      zk.assertNoFailures();
    });
  });

  it('of an ensemble in a later epoch does no harm to one that works, and says what is wrong', async () => {
    const other = new ZkEnsemble({ participants: 3, seed: 7 });
    const files = await other.sim.run(async () => {
      await other.startAll();
      for (let i = 0; i < 3; i++) {
        const leader = await other.serving();
        await write(await other.client(leader), `/theirs-${i}`);
        other.crash(leader);
        await other.restart(leader);
      }
      await other.serving();
      await other.settled();
      other.crash(1);
      return copyOf(other, 1);
    });
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      const leader = await zk.serving();
      const victim = leader === 1 ? 2 : 1;
      const rest = zk.ids.filter((id) => id !== victim);
      await write(await zk.client(leader), '/ours');
      zk.crash(victim);
      await startWith(zk, victim, files);
      await zk.sim.advance(20_000);
      assert.equal(zk.server(victim).mode, undefined, 'it serves');
      assert.equal(await zk.serving(...rest), leader);
      await write(await zk.client(leader), '/still');
      const said = complaints(zk, new RegExp(`^zk${victim}: .*data directory is that of another ensemble`));
      // It goes on trying, though not as fast as it can.
      assert.ok(said.length > 15 && said.length < 40, `${said.length} attempts in 20 s`);
      zk.crash(victim);
      await zk.restartEmpty(victim);
      await stillWorks(zk, '/after');
      assert.equal(zk.tree(victim).get('/theirs-0'), undefined);
      zk.assertNoFailures();
    });
  });

  it('of another server of the ensemble does as well as the own one', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      const leader = await zk.serving();
      const [victim = 0, other = 0] = zk.ids.filter((id) => id !== leader);
      const client = await zk.client(leader);
      for (let i = 0; i < 10; i++) await write(client, `/n-${i}`);
      zk.crash(victim, other);
      await zk.sim.runUntil(() => zk.server(leader).mode === undefined);
      await startWith(zk, victim, copyOf(zk, other));
      await zk.start(other);
      await stillWorks(zk, '/after');
      assert.ok(zk.tree(victim).get('/n-9'));
      zk.assertNoFailures();
    });
  });

  it('of a server that was alone gives way to that of the ensemble', async () => {
    const alone = new ZkEnsemble({ participants: 1 });
    const files = await alone.sim.run(async () => {
      const host = alone.sim.host('alone');
      const server = await startZooKeeperServer(host.env, { dataDir: '/data', clientPort: CLIENT_PORT });
      const client = await RawZkClient.open(alone.clientHost.env.net, CLIENT_PORT, 'alone');
      await client.connect();
      for (let i = 0; i < 30; i++) await write(client, `/theirs-${i}`);
      await server.close();
      return filesOf(host.env.disk);
    });
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      const leader = await zk.serving();
      const victim = leader === 1 ? 2 : 1;
      await write(await zk.client(leader), '/ours');
      await zk.settled();
      zk.crash(victim);
      await startWith(zk, victim, files);
      await stillWorks(zk, '/after');
      assert.ok(zk.tree(victim).get('/ours'));
      assert.equal(zk.tree(victim).get('/theirs-0'), undefined);
      zk.assertNoFailures();
    });
  });

  it('with a corrupt newest snapshot is recovered from an older one, and brought up to date', async () => {
    await withEnsemble({ participants: 3, server: { snapCount: 20 } }, async (zk) => {
      await zk.startAll();
      const leader = await zk.serving();
      const victim = leader === 1 ? 2 : 1;
      const client = await zk.client(leader);
      for (let i = 0; i < 100; i++) await write(client, `/n-${i}`, 'x'.repeat(50));
      await zk.settled();
      zk.crash(victim);
      const { disk } = zk.host(victim).restart();
      const snapshots = disk.list('/data/version-2').filter((name) => name.startsWith('snapshot.'));
      assert.ok(snapshots.length > 2, 'there is no older snapshot');
      const newest = snapshots.sort((a, b) => zxidIn(a) - zxidIn(b)).at(-1) ?? '';
      const file = disk.open(`/data/version-2/${newest}`, 'write');
      file.write([Buffer.from('spoiled')], 200);
      await file.sync();
      file.close();
      for (let i = 0; i < 30; i++) await write(client, `/meanwhile-${i}`);
      await zk.start(victim);
      await stillWorks(zk, '/after');
      assert.ok(zk.tree(victim).get('/n-99'));
      assert.notDeepEqual(
        complaints(zk, new RegExp(`^zk${victim}: skipping a damaged snapshot.*${newest}`)),
        [],
      );
      zk.assertNoFailures();
    });
  });
});

const zxidIn = (name: string): number => Number.parseInt(name.split('.')[1] ?? '', 16);

/** The files of a server that is down. */
function copyOf(zk: ZkEnsemble, id: number): Map<string, Buffer> {
  return filesOf(zk.host(id).restart().disk);
}

function filesOf(disk: Disk): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const name of disk.list('/data/version-2')) {
    const path = `/data/version-2/${name}`;
    if (disk.stat(path)?.kind === 'file') files.set(path, disk.readFile(path));
  }
  return files;
}

/** Starts a server that is down with a data directory of these files. */
async function startWith(zk: ZkEnsemble, id: number, files: ReadonlyMap<string, Buffer>): Promise<void> {
  const host = zk.host(id);
  const { disk } = host.isUp ? host.env : host.restart();
  disk.removeDirectory('/data');
  for (const [path, content] of files) {
    disk.makeDirectory(path.slice(0, path.lastIndexOf('/')));
    const file = disk.open(path, 'write');
    file.write([content], 0);
    await file.sync();
    file.close();
  }
  await zk.start(id);
}

describe('A full disk', () => {
  for (const who of ['a follower', 'the leader'] as const) {
    it(`ends ${who} with its reason; the others go on, and it comes back when there is room`, async () => {
      await withEnsemble({ participants: 3 }, async (zk) => {
        await zk.startAll();
        const leader = await zk.serving();
        const victim = who === 'the leader' ? leader : leader === 1 ? 2 : 1;
        const rest = zk.ids.filter((id) => id !== victim);
        const { faults } = zk.host(victim).disk;
        const capacity = faults.capacityBytes;
        faults.capacityBytes = zk.host(victim).disk.usedBytes();
        const acknowledged: string[] = [];
        for (let i = 0; i < 100 && !zk.failures.has(victim); i++) {
          const client = await zk.client(rest[0] ?? 0).catch(() => undefined);
          if (client === undefined) {
            await zk.sim.advance(100);
            continue;
          }
          const path = `/n-${i}`;
          client.request(OpCode.create, {
            path,
            data: Buffer.alloc(4000, 1),
            acl: [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }],
            flags: 0,
          });
          const answer = await client.next();
          if (answer !== undefined && ReplyHeader.read(new ByteReader(answer)).err === 0) {
            acknowledged.push(path);
          }
          client.destroy();
        }
        const failure = zk.failures.get(victim);
        assert.match(
          String(failure),
          /cannot write the transaction log in \/data\/version-2: .*ENOSPC.*Free/s,
        );
        zk.kill(victim);
        await zk.serving(...rest);
        await write(await zk.client(rest[0] ?? 0), '/without-it');

        // Started again while the disk is full it says the same at once, and harms nothing.
        zk.host(victim).restart();
        await zk.start(victim).catch((error: unknown) => zk.failures.set(victim, error));
        await zk.sim.advance(20_000);
        assert.match(String(zk.failures.get(victim)), /ENOSPC/);
        zk.kill(victim);
        zk.failures.clear();

        faults.capacityBytes = capacity;
        await zk.restart(victim);
        await stillWorks(zk, '/after');
        for (const path of acknowledged) assert.ok(zk.tree(victim).get(path), `${path} is lost`);
        zk.assertNoFailures();
      });
    });
  }
});
