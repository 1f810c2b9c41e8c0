import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Daemon, run } from '../../../tools/peers/process.ts';
import { freePorts, startApacheZooKeeper, startOurBroker } from '../../../tools/peers/targets.ts';
import { versions } from '../../../tools/peers/toolbox.ts';
import { Workspace } from '../../../tools/workspace.ts';
import { lastLine, type Scenario } from '../scenario.ts';

const topic = 'handmade';
const assignment = JSON.stringify({
  version: 2,
  partitions: { 0: [0], 1: [0] },
  adding_replicas: {},
  removing_replicas: {},
});

/** Our broker on a ZooKeeper of Apache's, as in a cluster that is moved over server by server. */
export const brokerAloneScenario: Scenario = {
  name: `our broker on ZooKeeper ${versions.zookeeper}`,
  shows: "a client's whole round, a topic written straight into znodes, records after kill -9",
  async run(context) {
    const workspace = new Workspace();
    const [zookeeperPort = 0, port = 0] = await freePorts(2);
    const zookeeper = `127.0.0.1:${zookeeperPort}`;
    const bootstrap = `127.0.0.1:${port}`;
    const kcat = await context.toolbox.kcat();
    const dataDir = workspace.dir('zookeeper');
    const keeper = await startApacheZooKeeper(context.toolbox, { dataDir, port: zookeeperPort, workspace });
    const start = () =>
      startOurBroker(context.toolbox, {
        ...{ logDir: workspace.dir('logs'), port, workspace },
        zookeeper: `${zookeeper}/chroot`,
        config: { 'zookeeper.session.timeout.ms': '6000' },
      });
    const read = async () => {
      const args = ['-C', '-b', bootstrap, '-t', topic, '-o', 'beginning', '-e', '-q'];
      return (await run(kcat, args)).stdout.trim().split('\n').sort();
    };
    let broker: Daemon | undefined;
    try {
      broker = await start();
      const { dir, node } = await context.toolbox.node();
      const round = await run(node, [join(dir, 'kafkajs.mjs'), bootstrap, '100'], { cwd: dir });
      const command = `create /chroot/brokers/topics/${topic} ${assignment}\nquit\n`;
      const shell = ['-server', zookeeper];
      const classPath = await context.toolbox.apache();
      await context.toolbox.java(classPath, 'org.apache.zookeeper.ZooKeeperMain', shell, {
        input: command,
        mayFail: true,
      });
      const lines = Array.from({ length: 500 }, (_, i) => `line ${i}`);
      const produce = ['-P', '-b', bootstrap, '-t', topic, '-X', 'allow.auto.create.topics=false'];
      await run(kcat, produce, { input: `${lines.join('\n')}\n` });
      assert.deepEqual(await read(), lines.toSorted());
      await broker.stop('SIGKILL');
      broker = await start();
      assert.deepEqual(await read(), lines.toSorted());
      return `kafkajs: ${lastLine(round.stdout)}; ${lines.length} records after kill -9`;
    } finally {
      await broker?.stop('SIGKILL');
      await keeper.stop('SIGKILL');
      workspace.remove();
    }
  },
};
