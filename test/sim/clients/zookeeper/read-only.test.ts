import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FrameReader } from '../../../../src/clients/zookeeper/frame-reader.ts';
import type { Env } from '../../../../src/env/env.ts';
import {
  ConnectRequest,
  ConnectResponse,
  ReplyHeader,
  RequestHeader,
} from '../../../../src/wire/zookeeper/protocol.ts';
import { Cluster } from './cluster.ts';

function framed(content: Buffer): Buffer[] {
  const length = Buffer.alloc(4);
  length.writeInt32BE(content.length, 0);
  return [length, content];
}

/** The answer to a frame of a client: to its greeting first, then to its pings. */
function answerTo(frame: Buffer, isGreeting: boolean): Buffer | undefined {
  if (!isGreeting) return ReplyHeader.encode({ xid: RequestHeader.decode(frame).xid, zxid: 0, err: 0 });
  const request = ConnectRequest.decode(frame);
  if (!request.readOnly) return undefined;
  const { timeOut } = request;
  return ConnectResponse.encode({
    protocolVersion: 0,
    timeOut,
    sessionId: 77n,
    passwd: Buffer.alloc(16),
    readOnly: true,
  });
}

/** A server without a quorum: greets clients that read only, answers their pings, and `isro`. */
async function startReadOnlyServer(env: Env): Promise<void> {
  await env.net.listen({ port: 2181 }, (connection) => {
    const frames = new FrameReader(10_000);
    let isGreeting = true;
    connection.start({
      data: (bytes) => {
        if (isGreeting && bytes.toString('latin1') === 'isro') {
          connection.write([Buffer.from('ro')]);
          connection.end();
          return;
        }
        for (const frame of frames.push(bytes)) {
          const answer = answerTo(frame, isGreeting);
          isGreeting = false;
          if (answer === undefined) connection.destroy();
          else connection.write(framed(answer));
        }
      },
      close: () => undefined,
    });
  });
}

it('a client that reads only moves to a server that takes writes as soon as there is one', async () => {
  for (const seed of [1, 2, 3]) {
    const cluster = new Cluster(seed, { fourLetterWhitelist: ['isro'] });
    await cluster.sim.run(async () => {
      // The four letters would come in pieces, which this server does not put together.
      cluster.sim.network.conditions.fragmentProbability = 0;
      await startReadOnlyServer(cluster.sim.host('ro').env);
      const connectString = 'ro:2181,zk:2181';
      const { client, events } = await cluster.connect('client', { connectString, readOnly: true });
      assert.equal(client.state, 'connectedReadOnly');
      await assert.rejects(
        cluster.connect('writer', { connectString, connectTimeoutMs: 3000 }),
        { code: 'CONNECTIONLOSS' },
        'a client that wants to write is not served',
      );
      await cluster.startServer();
      await cluster.sim.runUntil(() => client.state === 'connected', { withinMs: 20_000 });
      assert.notEqual(client.sessionId, 77n);
      assert.deepEqual(events, ['connectedReadOnly', 'disconnected', 'connected']);
      await client.create('/a');
      await client.close();
    });
  }
});
