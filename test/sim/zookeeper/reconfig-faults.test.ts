import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SimRandom } from '../../../src/env/sim/sim-random.ts';
import { ErrorCode } from '../../../src/wire/zookeeper/errors.ts';
import { OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import { parseQuorumConfig } from '../../../src/zookeeper/election/quorum-config.ts';
import type { QuorumVerifier } from '../../../src/zookeeper/election/quorum-verifier.ts';
import { ZooKeeperConfigError } from '../../../src/zookeeper/index.ts';
import type { RawZkClient } from '../../support/raw-zk-client.ts';
import { ZkEnsemble } from '../../support/zk-ensemble.ts';

const FAULTS = 40;
const FAULT_PAUSE_MS = 3000;

/** A client that writes wherever it gets a session, and one that reconfigures, while servers fall and links break. */
class Trial {
  readonly zk: ZkEnsemble;
  readonly acknowledged: string[] = [];
  reconfigs = 0;
  private readonly random: SimRandom;
  private isOver = false;
  private written = 0;

  constructor(seed: number) {
    this.zk = new ZkEnsemble({
      seed,
      participants: 5,
      initial: [1, 2, 3],
      hasFiles: true,
      server: { skipAcl: true },
    });
    this.random = this.zk.sim.random.fork();
  }

  async run(): Promise<void> {
    const { zk } = this;
    await zk.startAll();
    await zk.serving(1, 2, 3);
    const writing = this.write();
    const changing = this.reconfigure();
    for (let fault = 0; fault < FAULTS; fault++) {
      await this.harm();
      await zk.sim.advance(this.random.below(FAULT_PAUSE_MS));
    }
    zk.sim.network.heal();
    this.isOver = true;
    for (const id of zk.ids) if (!zk.servers.has(id)) await this.comeBack(id);
    await Promise.all([writing, changing]);
    await this.judge();
  }

  private pick<T>(from: readonly T[]): T | undefined {
    return from[this.random.below(Math.max(1, from.length))];
  }

  private async harm(): Promise<void> {
    const { zk, random } = this;
    const up = [...zk.servers.keys()];
    const down = zk.ids.filter((id) => !zk.servers.has(id));
    const victim = this.pick(up);
    const choice = random.below(5);
    if (choice === 0 && victim !== undefined) zk.crash(victim);
    else if (choice === 1 && victim !== undefined) zk.kill(victim);
    else if (choice === 2 && victim !== undefined) zk.isolate(victim);
    else if (choice === 3) zk.sim.network.heal();
    const back = this.pick(down);
    if (back !== undefined && random.below(2) === 0) await this.comeBack(back);
  }

  /** A server that was let go is in no line of its own files: its operator has to put it in again. */
  private async comeBack(id: number): Promise<void> {
    const { zk } = this;
    try {
      await zk.restart(id);
    } catch (error) {
      if (!(error instanceof ZooKeeperConfigError)) throw error;
      zk.configure(id);
      await zk.start(id);
    }
  }

  /** A session at some server; undefined where there is none to be had. */
  private async session(): Promise<RawZkClient | undefined> {
    const { zk } = this;
    const serving = [...zk.servers].filter(([, { mode }]) => mode !== undefined).map(([id]) => id);
    const id = this.pick(serving);
    try {
      return id === undefined ? undefined : await zk.client(id);
    } catch {
      return undefined;
    }
  }

  private async write(): Promise<void> {
    while (!this.isOver) {
      const client = await this.session();
      for (let count = 0; count < 10 && client !== undefined && !client.isClosed; count++) {
        const path = `/node-${this.written++}`;
        const acl = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];
        try {
          const reply = await client.call(OpCode.create, { path, data: Buffer.from(path), acl, flags: 0 });
          if (reply.header.err === ErrorCode.OK) this.acknowledged.push(path);
        } catch {
          // Its server has died: nobody knows whether the write was done.
          break;
        }
      }
      client?.destroy();
      await this.zk.sim.advance(200);
    }
  }

  private async reconfigure(): Promise<void> {
    const { zk, random } = this;
    while (!this.isOver) {
      await zk.sim.advance(1000 + random.below(4000));
      const client = await this.session();
      if (client === undefined) continue;
      const id = this.pick(zk.ids) ?? 1;
      const role = random.below(3) === 0 ? 'observer' : 'participant';
      const isLeaving = random.below(3) === 0;
      try {
        const reply = await client.call(OpCode.reconfig, {
          joiningServers: isLeaving ? null : `server.${id}=${zk.line(id, role)}`,
          leavingServers: isLeaving ? `${id}` : null,
          newMembers: null,
          curConfigId: -1,
        });
        if (reply.header.err === ErrorCode.OK) this.reconfigs++;
      } catch {
        // Its server has died, or has had to leave its leader.
      }
      client.destroy();
    }
  }

  private configAt(id: number): QuorumVerifier {
    return parseQuorumConfig(String(this.zk.tree(id).get('/zookeeper/config')?.data), `server ${id}`);
  }

  /** The members of the last configuration serve, agree on it, and know every acknowledged write. */
  private async judge(): Promise<void> {
    const { zk } = this;
    await zk.sim.runUntil(
      () => {
        const { leader } = zk;
        if (leader === undefined) return false;
        const config = this.configAt(leader);
        return [...config.members.keys()].every((id) => {
          return zk.servers.get(id)?.mode !== undefined && this.configAt(id).version === config.version;
        });
      },
      { withinMs: 10 * 60_000 },
    );
    const { leader } = zk;
    assert.ok(leader !== undefined);
    const members = [...this.configAt(leader).members.keys()];
    await zk.settled(...members);
    zk.assertSameTrees(...members);
    const lost = this.acknowledged.filter((path) => zk.tree(leader).get(path) === undefined);
    assert.deepEqual(lost, []);
    for (const id of members) assert.equal(this.configAt(id).toText(), this.configAt(leader).toText());
    zk.assertNoFailures();
  }
}

describe('reconfigurations among faults', () => {
  let reconfigs = 0;
  let writes = 0;
  for (let seed = 1; seed <= 6; seed++) {
    it(`lose no acknowledged write, and end with servers that agree (seed ${seed})`, async () => {
      const trial = new Trial(seed);
      await trial.zk.sim.run(() => trial.run(), { withinMs: 3_600_000 });
      reconfigs += trial.reconfigs;
      writes += trial.acknowledged.length;
    });
  }

  it('do take place', () => {
    assert.ok(reconfigs > 10, `${reconfigs} reconfigurations`);
    assert.ok(writes > 200, `${writes} writes`);
  });
});
