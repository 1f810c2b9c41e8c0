import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteReader } from '../../../src/base/byte-reader.ts';
import { ErrorCode } from '../../../src/wire/zookeeper/errors.ts';
import { OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import {
  type GetChildrenResponse,
  type GetDataResponse,
  ReplyHeader,
} from '../../../src/wire/zookeeper/protocol.ts';
import type { RawZkClient } from '../../support/raw-zk-client.ts';
import { create, setData, ZkSimulation } from '../../support/zk-simulation.ts';

const WINDOW = 20;
const SEEDS = 12;

/** Writes /n/0, /n/1, ... and counts itself in /counter, always with a few requests under way. */
class Writer {
  acknowledged = 0;
  sent = 0;
  private readonly client: RawZkClient;
  private readonly first: number;

  constructor(client: RawZkClient, first: number) {
    this.client = client;
    this.first = first;
  }

  /** Ends with the connection. */
  async run(): Promise<void> {
    while (!this.client.isClosed) {
      while (this.sent - this.acknowledged < WINDOW) {
        const number = this.first + this.sent;
        this.client.request(OpCode.create, create(`/n/${number}`, String(number)));
        this.client.request(OpCode.setData, setData('/counter', String(number)));
        this.sent++;
      }
      const [created, counted] = [await this.client.next(), await this.client.next()];
      if (created === undefined || counted === undefined) return;
      for (const bytes of [created, counted]) {
        assert.equal(ReplyHeader.read(new ByteReader(bytes)).err, ErrorCode.OK);
      }
      this.acknowledged++;
    }
  }
}

/** The numbers under /n: all of 0 up to the end, for writes of one session take effect in order. */
async function numbers(client: RawZkClient, seed: number): Promise<number> {
  const { record } = await client.call(OpCode.getChildren, { path: '/n', watch: false });
  const children = ((record as GetChildrenResponse).children ?? []).map(Number).sort((a, b) => a - b);
  assert.deepEqual(children, [...children.keys()], `seed ${seed}: a gap`);
  return children.length;
}

async function story(seed: number): Promise<{ crashes: number; written: number }> {
  const zk = new ZkSimulation(seed, { snapCount: 60 });
  const { random } = zk.sim;
  let first = 0;
  const crashes = 4;
  await zk.sim.run(async () => {
    await zk.start();
    const setup = await zk.client();
    await setup.call(OpCode.create, create('/n'));
    await setup.call(OpCode.create, create('/counter', '-1'));
    for (let crash = 0; crash < crashes; crash++) {
      const writer = new Writer(await zk.client(), first);
      const running = writer.run();
      await zk.sim.advance(5 + random.below(150));
      if (random.below(4) === 0) zk.serverHost.kill();
      else zk.serverHost.crash();
      await running;
      zk.serverHost.restart();
      await zk.start();
      const reader = await zk.client();
      const count = await numbers(reader, seed);
      const least = first + writer.acknowledged;
      const most = first + writer.sent;
      assert.ok(count >= least, `seed ${seed}: ${count} nodes, ${least} were acknowledged`);
      assert.ok(count <= most, `seed ${seed}: ${count} nodes, ${most} were asked for`);
      const { record } = await reader.call(OpCode.getData, { path: '/counter', watch: false });
      const counter = Number((record as GetDataResponse).data?.toString());
      // The counter is set right behind each create, so at most one create may be ahead of it.
      assert.ok(
        counter === count - 1 || counter === count - 2,
        `seed ${seed}: counter ${counter} of ${count}`,
      );
      first = count;
      reader.destroy();
    }
  });
  return { crashes, written: first };
}

describe('a ZooKeeper server whose machine loses power', () => {
  it('keeps every acknowledged write, in order, and nothing that was not asked for', async () => {
    let written = 0;
    for (let seed = 0; seed < SEEDS; seed++) written += (await story(seed)).written;
    assert.ok(written > SEEDS * 50, `${written} nodes in ${SEEDS} runs are too few to mean anything`);
  });
});
