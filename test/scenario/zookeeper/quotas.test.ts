import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../../src/wire/zookeeper/errors.ts';
import { OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import type { GetDataResponse } from '../../../src/wire/zookeeper/protocol.ts';
import type { RawZkClient } from '../../support/raw-zk-client.ts';
import { create, setData, withServer, type ZkSimulation } from '../../support/zk-simulation.ts';

const NO_HARD_LIMITS = '=;byteHardLimit=-1;countHardLimit=-1';

async function withQuota(client: RawZkClient, path: string, limits: string): Promise<void> {
  for (const [at, data] of [
    [path, 'x'],
    [`/zookeeper/quota${path}`, ''],
    [`/zookeeper/quota${path}/zookeeper_limits`, limits],
    [`/zookeeper/quota${path}/zookeeper_stats`, 'count=0,bytes=0'],
  ] as const) {
    const { header } = await client.call(OpCode.create, create(at, data));
    assert.equal(header.err, ErrorCode.OK, at);
  }
}

function warnings(zk: ZkSimulation): unknown[] {
  return zk.sim.logLines.filter(({ text }) => text === 'quota exceeded').map(({ fields }) => fields);
}

async function errorOf(client: RawZkClient, type: number, request: unknown): Promise<number> {
  return (await client.call(type, request)).header.err;
}

describe('quotas', () => {
  it('count nodes and bytes at and below their path', async () => {
    await withServer({ enforceQuota: true }, async (zk) => {
      const client = await zk.client();
      await withQuota(client, '/q', 'count=100,bytes=100');
      await client.call(OpCode.create, create('/q/a', 'four'));
      await client.call(OpCode.setData, setData('/q/a', 'sixsix'));
      await client.call(OpCode.create, create('/elsewhere', 'not counted'));
      const { record } = await client.call(OpCode.getData, {
        path: '/zookeeper/quota/q/zookeeper_stats',
        watch: false,
      });
      assert.equal(String((record as GetDataResponse).data), 'count=2,bytes=7');
    });
  });

  it('with a soft limit let everything pass, and log it once in a while', async () => {
    await withServer({ enforceQuota: true }, async (zk) => {
      const client = await zk.client();
      await withQuota(client, '/q', `count=2,bytes=-1${NO_HARD_LIMITS}`);
      for (const name of ['a', 'b', 'c', 'd']) {
        assert.equal(await errorOf(client, OpCode.create, create(`/q/${name}`)), ErrorCode.OK);
      }
      assert.deepEqual(warnings(zk), [{ path: '/q', what: 'count', limit: 2, usage: 3, kind: 'soft' }]);
      zk.keepAlive(client, 2000);
      await zk.sim.advance(11_000);
      const other = await zk.client();
      await other.call(OpCode.create, create('/q/e'));
      assert.equal(warnings(zk).length, 2);
    });
  });

  for (const [what, limits, refused, allowed] of [
    [
      'nodes',
      'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=2',
      [OpCode.create, create('/q/c')],
      [OpCode.setData, setData('/q/b', 'as long as it likes')],
    ],
    [
      'bytes',
      'count=-1,bytes=-1=;byteHardLimit=3;countHardLimit=-1',
      [OpCode.setData, setData('/q/b', 'too long')],
      [OpCode.create, create('/q/c')],
    ],
  ] as const) {
    it(`with a hard limit of ${what} refuse what goes beyond, and nothing else`, async () => {
      await withServer({ enforceQuota: true, fourLetterWhitelist: ['*'] }, async (zk) => {
        const client = await zk.client();
        await withQuota(client, '/q', limits);
        assert.equal(await errorOf(client, OpCode.create, create('/q/b', 'b')), ErrorCode.OK);
        assert.equal(await errorOf(client, refused[0], refused[1]), ErrorCode.QUOTAEXCEEDED);
        assert.equal(await errorOf(client, allowed[0], allowed[1]), ErrorCode.OK);
        assert.match(await zk.ask('mntr'), /^zk_q_quota_exceeded_error_per_namespace\t1$/m);
      });
    });
  }

  it('are not enforced unless enforceQuota says so', async () => {
    await withServer({}, async (zk) => {
      const client = await zk.client();
      await withQuota(client, '/q', 'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=1');
      assert.equal(await errorOf(client, OpCode.create, create('/q/a')), ErrorCode.OK);
      assert.deepEqual(warnings(zk), []);
    });
  });
});
