import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SimHost } from '../../../../src/env/sim/sim-host.ts';
import { Simulation } from '../../../../src/env/sim/simulation.ts';
import { parseQuorumConfig } from '../../../../src/zookeeper/election/quorum-config.ts';
import { loadServerConfig } from '../../../../src/zookeeper/server/config-file.ts';
import { Membership } from '../../../../src/zookeeper/server/membership.ts';

const ZOO_CFG = `# The ensemble of the first floor
tickTime=2000
dataDir=/data
clientPort=2181
initLimit=10
syncLimit=5
reconfigEnabled=true
peerType=participant
server.2=h2:2888:3888
server.1=h1:2888:3888:participant
server.3=h3:2888:3888:observer
`;

function configOf(version: number, lines: readonly string[]): ReturnType<typeof parseQuorumConfig> {
  return parseQuorumConfig([...lines, `version=${version.toString(16)}`].join('\n'), 'test');
}

const servers = [
  'server.1=h1:2888:3888;2181',
  'server.2=h2:2888:3888;2181',
  'server.3=h3:2888:3888:observer;2181',
];
const four = [...servers, 'server.4=h4:2888:3888;2181'];

class Machine {
  readonly host: SimHost = new Simulation({ seed: 1 }).host('machine');

  constructor(zooCfg = ZOO_CFG) {
    this.write('/conf/zoo.cfg', zooCfg);
    this.write('/data/myid', '1');
  }

  write(path: string, text: string): void {
    const { disk } = this.host.env;
    disk.makeDirectory(path.slice(0, path.lastIndexOf('/')));
    const file = disk.open(path, 'write');
    file.write([Buffer.from(text)], 0);
    file.close();
  }

  text(path: string): string {
    return this.host.env.disk.readFile(path).toString();
  }

  get files(): string[] {
    return this.host.env.disk.list('/conf');
  }

  /** What a start of the server makes of the files. */
  load(): Membership {
    const { options } = loadServerConfig(this.host.env.disk, '/conf/zoo.cfg');
    assert.ok(options.ensemble !== undefined);
    const { reconfigEnabled = false } = options;
    return new Membership({ env: this.host.env, ensemble: options.ensemble, reconfigEnabled });
  }
}

describe('the configuration files of an ensemble', () => {
  it('are split when the first configuration is committed, the original being kept', () => {
    const machine = new Machine();
    const membership = machine.load();
    assert.equal(machine.text('/conf/zoo.cfg.bak'), ZOO_CFG);
    membership.commit(membership.committed.withVersion(0x1_0000_0000));
    assert.deepEqual(machine.files, ['zoo.cfg', 'zoo.cfg.bak', 'zoo.cfg.dynamic.100000000']);
    assert.equal(
      machine.text('/conf/zoo.cfg'),
      'tickTime=2000\ndataDir=/data\nclientPort=2181\ninitLimit=10\nsyncLimit=5\nreconfigEnabled=true\n' +
        'dynamicConfigFile=/conf/zoo.cfg.dynamic.100000000\n',
    );
    assert.equal(
      machine.text('/conf/zoo.cfg.dynamic.100000000'),
      'server.1=h1:2888:3888:participant\nserver.2=h2:2888:3888:participant\nserver.3=h3:2888:3888:observer',
    );
    assert.equal(machine.text('/conf/zoo.cfg.bak'), ZOO_CFG);
  });

  it('hold no client port once the line of the server has one', () => {
    const machine = new Machine();
    machine.load().commit(configOf(0x1_0000_0005, servers));
    assert.doesNotMatch(machine.text('/conf/zoo.cfg'), /clientPort|peerType|server\./);
    const { options } = loadServerConfig(machine.host.env.disk, '/conf/zoo.cfg');
    assert.equal(options.clientPort, 2181);
  });

  it('give a restarted server the configuration it had, and the one that was being proposed', () => {
    const machine = new Machine();
    const membership = machine.load();
    membership.commit(configOf(0x1_0000_0005, servers));
    membership.propose(configOf(0x1_0000_0009, four));
    assert.match(machine.text('/conf/zoo.cfg.dynamic.next'), /\nversion=100000009$/);
    const again = machine.load();
    assert.equal(again.committed.version, 0x1_0000_0005);
    assert.equal(again.lastSeen.version, 0x1_0000_0009);
    assert.deepEqual([...again.lastSeen.members.keys()], [1, 2, 3, 4]);
    again.commit(again.lastSeen);
    assert.ok(!machine.files.includes('zoo.cfg.dynamic.next'));
    assert.equal(machine.load().committed.toText(), configOf(0x1_0000_0009, four).toText());
  });

  it('keep groups and weights', () => {
    const machine = new Machine();
    const lines = [...servers, 'group.1=1', 'group.2=2', 'weight.2=3'];
    machine.load().commit(configOf(7, lines));
    assert.equal(machine.load().committed.toText(), configOf(7, lines).toText());
  });

  it('survive a loss of power between any two writes', async () => {
    const machine = new Machine();
    machine.load().commit(configOf(5, servers));
    for (let version = 6; version < 30; version++) {
      const membership = machine.load();
      membership.propose(configOf(version, version % 2 === 0 ? four : servers));
      if (version % 3 !== 0) membership.commit(membership.lastSeen);
      const expected = membership.committed.toText();
      machine.host.crash();
      machine.host.restart();
      assert.equal(machine.load().committed.toText(), expected, `version ${version}`);
    }
  });

  it('are left alone while reconfiguration is off', () => {
    const zooCfg = ZOO_CFG.replace('reconfigEnabled=true', 'reconfigEnabled=false');
    const machine = new Machine(zooCfg);
    const membership = machine.load();
    membership.propose(configOf(5, four));
    assert.equal(membership.commit(configOf(5, four)), undefined);
    assert.equal(membership.lastSeen.version, 0);
    assert.deepEqual(machine.files, ['zoo.cfg']);
    assert.equal(machine.text('/conf/zoo.cfg'), zooCfg);
  });
});

describe('the configurations that a server knows', () => {
  it('tell a change of servers from a new version of the same', () => {
    const machine = new Machine();
    const membership = machine.load();
    const first = membership.committed;
    assert.equal(membership.commit(first.withVersion(5)), undefined);
    assert.equal(membership.committed.version, 5);
    assert.equal(membership.commit(configOf(9, four))?.version, 5);
    assert.equal(membership.commit(configOf(8, servers)), undefined);
    assert.equal(membership.committed.version, 9);
  });

  it('are those of the leader, when what was proposed got lost', () => {
    const membership = new Machine().load();
    membership.commit(configOf(5, servers));
    membership.propose(configOf(9, four));
    membership.propose(configOf(7, servers));
    assert.equal(membership.lastSeen.version, 7);
  });

  it('outlive a disk that cannot be written, which is logged', () => {
    const machine = new Machine();
    const membership = machine.load();
    machine.host.env.disk.removeDirectory('/conf');
    assert.notEqual(membership.commit(configOf(5, four)), undefined);
    assert.equal(membership.committed.version, 5);
  });
});
