import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteReader } from '../../../src/base/byte-reader.ts';
import { EventType, OpCode, SpecialXid } from '../../../src/wire/zookeeper/op-codes.ts';
import { type GetDataResponse, ReplyHeader, WatcherEvent } from '../../../src/wire/zookeeper/protocol.ts';
import { decodeReply, type RawZkClient } from '../../support/raw-zk-client.ts';
import { create, setData, withServer } from '../../support/zk-simulation.ts';

function dataOf(record: unknown): string {
  return (record as GetDataResponse).data?.toString() ?? '';
}

async function headers(client: RawZkClient, count: number): Promise<ReplyHeader[]> {
  const found: ReplyHeader[] = [];
  while (found.length < count) {
    const bytes = await client.next();
    assert.ok(bytes !== undefined, 'closed too early');
    found.push(ReplyHeader.read(new ByteReader(bytes)));
  }
  return found;
}

describe('order on a ZooKeeper connection', () => {
  it('is that of the requests: reads behind the writes of their session see them', async () => {
    await withServer({}, async (zk) => {
      const client = await zk.client();
      client.request(OpCode.create, create('/n', '0'));
      const rounds = 50;
      for (let i = 1; i <= rounds; i++) {
        client.request(OpCode.setData, setData('/n', String(i)));
        client.request(OpCode.getData, { path: '/n', watch: false });
        client.request(OpCode.ping, undefined, SpecialXid.ping);
      }
      await client.next();
      for (let i = 1; i <= rounds; i++) {
        const [set, get, ping] = [await client.next(), await client.next(), await client.next()];
        assert.ok(set !== undefined && get !== undefined && ping !== undefined);
        assert.equal(ReplyHeader.read(new ByteReader(set)).xid, 2 * i);
        const reply = decodeReply(OpCode.getData, get);
        assert.equal(reply.header.xid, 2 * i + 1);
        assert.equal(dataOf(reply.record), String(i));
        assert.equal(ReplyHeader.read(new ByteReader(ping)).xid, SpecialXid.ping);
      }
    });
  });

  it('does not make a read wait for the writes of other sessions', async () => {
    await withServer({}, async (zk) => {
      const writer = await zk.client();
      const reader = await zk.client();
      await writer.call(OpCode.create, create('/n', 'old'));
      zk.serverHost.disk.faults.minSyncMs = 500;
      zk.serverHost.disk.faults.maxSyncMs = 500;
      const startMs = zk.sim.nowMs;
      writer.request(OpCode.setData, setData('/n', 'new'));
      writer.request(OpCode.getData, { path: '/n', watch: false });
      await zk.sim.advance(50);
      const read = await reader.call(OpCode.getData, { path: '/n', watch: false });
      assert.ok(zk.sim.nowMs - startMs < 400, 'the other session waited for the disk');
      assert.equal(dataOf(read.record), 'old', 'what is not durable is not shown');
      await writer.next();
      assert.ok(zk.sim.nowMs - startMs >= 500, 'a write is answered before it is durable');
      const own = await writer.next();
      assert.ok(own !== undefined);
      assert.equal(dataOf(decodeReply(OpCode.getData, own).record), 'new');
    });
  });

  it('brings the event of a watch before any reply that shows the change', async () => {
    for (let seed = 0; seed < 20; seed++) {
      await withServer({ seed }, async (zk) => {
        const writer = await zk.client();
        const watcher = await zk.client();
        await writer.call(OpCode.create, create('/n', 'old'));
        await watcher.call(OpCode.getData, { path: '/n', watch: true });
        writer.request(OpCode.setData, setData('/n', 'new'));
        let sawEvent = false;
        for (let shown = 'old'; shown === 'old'; ) {
          const xid = watcher.request(OpCode.getData, { path: '/n', watch: false });
          const bytes = await watcher.next();
          assert.ok(bytes !== undefined);
          const header = ReplyHeader.read(new ByteReader(bytes));
          if (header.xid === SpecialXid.notification) {
            sawEvent = true;
            const reader = new ByteReader(bytes);
            ReplyHeader.read(reader);
            assert.equal(WatcherEvent.read(reader).type, EventType.nodeDataChanged);
            const reply = await watcher.next();
            assert.ok(reply !== undefined);
            shown = dataOf(decodeReply(OpCode.getData, reply).record);
          } else {
            assert.equal(header.xid, xid);
            shown = dataOf(decodeReply(OpCode.getData, bytes).record);
          }
          assert.ok(shown === 'old' || sawEvent, `seed ${seed}: new data before the event`);
        }
        await writer.next();
        writer.request(OpCode.setData, setData('/n', 'newer'));
        await writer.next();
        await zk.sim.advance(1000);
        assert.equal(watcher.frames.length, 0, 'a one-shot watch fires once');
      });
    }
  });

  it('lets many writes that wait together share one sync', async () => {
    await withServer({}, async (zk) => {
      const client = await zk.client();
      await client.call(OpCode.create, create('/n', '0'));
      zk.serverHost.disk.faults.minSyncMs = 100;
      zk.serverHost.disk.faults.maxSyncMs = 100;
      const startMs = zk.sim.nowMs;
      for (let i = 0; i < 500; i++) client.request(OpCode.setData, setData('/n', String(i)));
      const replies = await headers(client, 500);
      assert.ok(replies.every((header, i) => header.xid === i + 2 && header.err === 0));
      const syncs = (zk.sim.nowMs - startMs) / 100;
      assert.ok(syncs < 5, `${syncs} syncs for 500 writes`);
    });
  });
});
