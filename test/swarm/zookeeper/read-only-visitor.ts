import type { Net } from '../../../src/env/net.ts';
import type { SimRandom } from '../../../src/env/sim/sim-random.ts';
import type { Simulation } from '../../../src/env/sim/simulation.ts';
import { ErrorCode } from '../../../src/wire/zookeeper/errors.ts';
import { OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import { RawZkClient } from '../../support/raw-zk-client.ts';
import { InvariantViolation } from '../invariant.ts';
import { CLIENT_PORT } from './topology.ts';

export interface ReadOnlyVisitorParts {
  sim: Simulation;
  /** A node that others write. */
  path: string;
  servers: readonly { readonly name: string }[];
}

const STAY_MS = 3000;

/**
 * A client that allows read-only mode and looks for servers in it: those answer reads, of whatever they have, and
 * refuse what would change something.
 */
export class ReadOnlyVisitor {
  /** Sessions that were read-only. */
  visits = 0;
  private readonly parts: ReadOnlyVisitorParts;
  private readonly random: SimRandom;
  private readonly net: Net;
  private readonly meanPauseMs: number;
  private violation: string | undefined;
  private isOver = false;

  constructor(parts: ReadOnlyVisitorParts) {
    this.parts = parts;
    this.random = parts.sim.random.fork();
    this.net = parts.sim.host('visitor').env.net;
    this.meanPauseMs = 50 + this.random.below(500);
  }

  start(): void {
    this.parts.sim.schedule(this.random.between(0, 2 * this.meanPauseMs), 'visitor', () => {
      if (this.isOver) return;
      const { servers, sim } = this.parts;
      const { name } = servers[this.random.below(servers.length)] ?? { name: 'zk1' };
      this.visit(name).catch((error: unknown) => {
        sim.schedule(0, `visitor: sent away by ${name}: ${String(error)}`, () => {});
      });
      this.start();
    });
  }

  stop(): void {
    this.isOver = true;
  }

  judge(): void {
    if (this.violation !== undefined) throw new InvariantViolation('read-only mode', this.violation);
  }

  private async visit(name: string): Promise<void> {
    const client = await RawZkClient.open(this.net, CLIENT_PORT, name);
    this.parts.sim.schedule(STAY_MS, 'visitor: leaves', () => client.destroy());
    const { readOnly } = await client.connect({ timeOut: 2 * STAY_MS, readOnly: true });
    if (!readOnly) {
      await client.call(OpCode.closeSession);
      client.destroy();
      return;
    }
    this.visits++;
    const { path } = this.parts;
    const data = Buffer.from('of the visitor');
    const written = await client.call(OpCode.setData, { path, data, version: -1 });
    if (written.header.err !== ErrorCode.NOTREADONLY) {
      this.violation = `${name} answers ${written.header.err} to a write by a read-only session`;
    }
    const read = await client.call(OpCode.getData, { path, watch: false });
    if (read.header.err !== ErrorCode.OK && read.header.err !== ErrorCode.NONODE) {
      this.violation = `${name} answers ${read.header.err} to a read by a read-only session`;
    }
    client.destroy();
  }
}
