import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Connection } from '../../../../src/env/net.ts';
import { PacketType, QuorumPacket } from '../../../../src/wire/zookeeper/quorum.ts';
import { makeZxid } from '../../../../src/zookeeper/pipeline/zxid.ts';
import { ackEpochPacket, helloPacket, plainPacket } from '../../../../src/zookeeper/zab/packets.ts';
import { write, ZkEnsemble } from '../../../support/zk-ensemble.ts';

const QUORUM_PORT = 2888;

/** Somebody at the leader's quorum port. */
class Stranger {
  isClosed = false;
  received = 0;
  private readonly connection: Connection;

  private constructor(connection: Connection) {
    this.connection = connection;
    connection.start({
      data: (bytes) => {
        this.received += bytes.length;
      },
      close: () => {
        this.isClosed = true;
      },
    });
  }

  static async at(zk: ZkEnsemble, id: number): Promise<Stranger> {
    const { net } = zk.clientHost.env;
    return new Stranger(await net.connect({ host: `zk${id}`, port: QUORUM_PORT }));
  }

  send(...parts: readonly Buffer[]): this {
    if (!this.isClosed) this.connection.write([Buffer.concat(parts)]);
    return this;
  }
}

function hello(id: number, configVersion = 0): Buffer {
  return helloPacket({ id, isObserver: true, acceptedEpoch: 0, configVersion }, 0);
}

const header = (type: number): Buffer => Buffer.concat([Buffer.from([0, 0, 0, type]), Buffer.alloc(8)]);
const length = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

const malformed: [what: string, bytes: Buffer][] = [
  ['speaks HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: zk3:2888\r\n\r\n')],
  ['announces a gigabyte', Buffer.concat([header(PacketType.FOLLOWERINFO), length(1 << 30)])],
  ['announces less than nothing', Buffer.concat([header(PacketType.FOLLOWERINFO), length(-5)])],
  ['begins with an acknowledgement', plainPacket(PacketType.ACK, makeZxid(1, 0))],
  ['has a later configuration', hello(4, makeZxid(9, 9))],
  ['says hello twice', Buffer.concat([hello(4), hello(4)])],
  [
    'acknowledges an epoch that it was not told',
    Buffer.concat([hello(4), ackEpochPacket(7, makeZxid(7, 7)), hello(4)]),
  ],
  [
    'forwards nonsense',
    Buffer.concat([
      hello(4),
      ackEpochPacket(0, 0),
      plainPacket(PacketType.ACK, makeZxid(1, 0)),
      QuorumPacket.encode({ type: PacketType.REQUEST, zxid: -1, data: Buffer.alloc(3), authinfo: null }),
    ]),
  ],
];

describe('The quorum port', () => {
  for (const [what, bytes] of malformed) {
    it(`closes the connection of who ${what}, and goes on`, async () => {
      const zk = new ZkEnsemble();
      await zk.sim.run(
        async () => {
          await zk.startAll();
          const leader = await zk.serving();
          const client = await zk.client(1);
          const stranger = (await Stranger.at(zk, leader)).send(bytes);
          await zk.sim.runUntil(() => stranger.isClosed, { withinMs: 30_000 });
          await write(client, '/still-there');
          assert.equal(zk.leader, leader);
        },
        { withinMs: 600_000 },
      );
      zk.assertNoFailures();
    });
  }

  it('closes who says nothing within initLimit, and has room for no more than a few of them', async () => {
    const zk = new ZkEnsemble();
    await zk.sim.run(
      async () => {
        await zk.startAll();
        const leader = await zk.serving();
        const strangers: Stranger[] = [];
        for (let i = 0; i < 80; i++) strangers.push(await Stranger.at(zk, leader));
        await zk.sim.advance(2000);
        assert.equal(strangers.filter((stranger) => stranger.isClosed).length, 16);
        await zk.sim.runUntil(() => strangers.every((stranger) => stranger.isClosed), { withinMs: 30_000 });
        assert.equal(zk.leader, leader);
        await write(await zk.client(2), '/still-there');
      },
      { withinMs: 600_000 },
    );
    zk.assertNoFailures();
  });

  it('gives the tree to an observer that is not in the configuration, without counting it', async () => {
    const zk = new ZkEnsemble();
    await zk.sim.run(
      async () => {
        await zk.startAll();
        const leader = await zk.serving();
        await write(await zk.client(1), '/a');
        const stranger = (await Stranger.at(zk, leader)).send(hello(77), ackEpochPacket(0, 0));
        await zk.sim.runUntil(() => stranger.received > 100, { withinMs: 10_000 });
        zk.kill(...zk.ids.filter((id) => id !== leader));
        await zk.sim.runUntil(() => zk.server(leader).mode === undefined, { withinMs: 60_000 });
      },
      { withinMs: 600_000 },
    );
  });
});
