import assert from 'node:assert/strict';
import type { ZooKeeperClient } from '../../src/clients/zookeeper/zookeeper-client.ts';
import type { SimRandom } from '../../src/env/sim/sim-random.ts';
import type { Ensemble } from '../../tools/peers/ensemble.ts';
import { RegisterHistory, RegisterLoad } from './register-load.ts';

const CLIENTS = 5;
const REGISTERS = 6;

/**
 * Clients that write and read while servers come and go. Each has one session for all of the time, by which it owns
 * a node; what they saw is checked at the end.
 */
export class RegisterClients {
  private readonly ensemble: Ensemble;
  private readonly random: SimRandom;
  private readonly clients: ZooKeeperClient[] = [];
  private readonly sessions: bigint[] = [];
  private readonly loads: RegisterLoad[] = [];
  private readonly history = new RegisterHistory();
  private registers: readonly string[] = [];
  private round = 0;

  constructor(ensemble: Ensemble, random: SimRandom) {
    this.ensemble = ensemble;
    this.random = random;
  }

  async start(): Promise<void> {
    const { ensemble, clients, history, random } = this;
    while (clients.length < CLIENTS) clients.push(await ensemble.client());
    for (const path of ['/journal', '/registers', '/sessions']) await this.first.create(path);
    this.beginRound();
    for (const [i, client] of clients.entries()) {
      await client.create(`/sessions/${i}`, null, { mode: 'ephemeral' });
      this.sessions.push(client.sessionId);
      const options = { name: `client${i}`, client, history, random: random.fork(), journal: '/journal' };
      this.loads.push(new RegisterLoad({ ...options, registers: () => this.registers }));
    }
  }

  /** Goes to other registers: so operations that nobody knows the outcome of stay few for each. */
  beginRound(): void {
    const { round } = this;
    this.registers = Array.from({ length: REGISTERS }, (_, i) => `/registers/${round}-${i}`);
    this.round++;
  }

  /** How much has been done so far. */
  get operations(): number {
    return this.history.answered;
  }

  /** Ends the load and fails unless all that was seen is right; a line that says what was. */
  async finish(): Promise<string> {
    const { history, loads } = this;
    await Promise.all(loads.map((load) => load.end()));
    // A last look at every register: what has been acknowledged in any round holds to the end.
    for (const path of [...history.calls.keys()]) await history.read(this.first, path);
    history.assertLinearizable();
    const kept = await this.assertKept();
    await this.assertSessions();
    await this.close();
    const { answered, unanswered } = history;
    return (
      `${answered} operations on ${history.calls.size} registers linearizable, ${unanswered} without an answer, ` +
      `${kept} further writes kept, ${this.sessions.length} sessions kept`
    );
  }

  /** Everything that was acknowledged is there. */
  private async assertKept(): Promise<number> {
    await this.first.sync('/');
    const present = new Set(await this.first.getChildren('/journal'));
    const written = this.loads.flatMap(({ journal }) => journal);
    const lost = written.filter((path) => !present.has(path.slice('/journal/'.length)));
    assert.deepEqual(lost, [], 'acknowledged writes are missing');
    return written.length;
  }

  /** Every client has the session that it began with, and what belongs to it. */
  private async assertSessions(): Promise<void> {
    for (const [i, id] of this.sessions.entries()) {
      assert.equal(this.clients[i]?.sessionId, id, `client ${i} has lost its session`);
      const { stat } = await this.first.getData(`/sessions/${i}`);
      assert.equal(stat.ephemeralOwner, id, `the node of client ${i} has another owner`);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.splice(0).map((client) => client.close().catch(() => undefined)));
  }

  private get first(): ZooKeeperClient {
    const [first] = this.clients;
    assert.ok(first !== undefined, 'the clients have not been started');
    return first;
  }
}
