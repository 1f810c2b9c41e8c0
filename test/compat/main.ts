import { parseArgs } from 'node:util';
import { startApache, startOurs, type Target } from '../../tools/peers/targets.ts';
import { Missing, Toolbox } from '../../tools/peers/toolbox.ts';
import { Workspace } from '../../tools/workspace.ts';
import type { Context, Scenario } from './scenario.ts';
import { brokerAloneScenario } from './scenarios/broker-alone.ts';
import { clientScenarios } from './scenarios/clients.ts';
import { compactionScenarios } from './scenarios/compaction.ts';
import { diskScenarios } from './scenarios/disk.ts';
import { documentationScenarios } from './scenarios/documentation.ts';
import { javaToolsScenarios } from './scenarios/java-tools.ts';
import { kafkaAdminScenarios } from './scenarios/kafka-admin.ts';
import { kafkaClusterToolsScenarios } from './scenarios/kafka-cluster-tools.ts';
import { kafkaConfigsScenarios } from './scenarios/kafka-configs.ts';
import { kafkaKillsScenarios } from './scenarios/kafka-kills.ts';
import { kafkaLastReplicaScenarios } from './scenarios/kafka-last-replica.ts';
import { kafkaMixedScenarios } from './scenarios/kafka-mixed.ts';
import { kafkaRollingScenarios } from './scenarios/kafka-rolling.ts';
import { kafkajsFacadeScenarios } from './scenarios/kafkajs-facade.ts';
import { kcatScenario } from './scenarios/kcat.ts';
import { mainJobScenario } from './scenarios/main-job.ts';
import { newGroupsScenarios } from './scenarios/new-groups.ts';
import { ourAdminCommandsScenarios } from './scenarios/our-admin-commands.ts';
import { ourConsumerScenarios } from './scenarios/our-consumer.ts';
import { ourProducerScenarios } from './scenarios/our-producer.ts';
import { ourShellScenario } from './scenarios/our-shell.ts';
import { ourToolsScenario } from './scenarios/our-tools.ts';
import { shareConsoleScenario } from './scenarios/share-console.ts';
import { zookeeperEnsembleScenarios } from './scenarios/zookeeper-ensemble.ts';
import { zookeeperFailoverScenarios } from './scenarios/zookeeper-failover.ts';
import { zookeeperKillsScenarios } from './scenarios/zookeeper-kills.ts';
import { zookeeperReconfigScenarios } from './scenarios/zookeeper-reconfig.ts';
import { zookeeperRegisteredScenarios } from './scenarios/zookeeper-registered.ts';
import { zookeeperRollingScenarios } from './scenarios/zookeeper-rolling.ts';
import { zookeeperShellScenario } from './scenarios/zookeeper-shell.ts';

const usage = `usage: npm run compat -- [--quick] [--only TEXT[,TEXT...]] [--target ours|apache] [--list]
  --quick    one short scenario per client and server
  --only     only scenarios whose names contain one of the texts (a comma before a space belongs to a name)
  --target   apache puts Apache's servers in the place of ours, to check the scenarios themselves`;

type Result = { scenario: Scenario; seconds: number; status: 'passed' | 'failed' | 'skipped'; text: string };

async function attempt(scenario: Scenario, context: Context): Promise<Result> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  try {
    const text = await scenario.run(context);
    return { scenario, seconds: seconds(), status: 'passed', text };
  } catch (error) {
    if (error instanceof Missing) {
      return { scenario, seconds: seconds(), status: 'skipped', text: `needs ${error.message}` };
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { scenario, seconds: seconds(), status: 'failed', text };
  }
}

function table(results: readonly Result[]): string {
  const rows = results.map(({ scenario, seconds, status, text }) => {
    const detail = status === 'failed' ? scenario.shows : text;
    return `| ${scenario.name} | ${status} | ${seconds.toFixed(1)} s | ${detail.split('\n')[0]} |`;
  });
  return ['| scenario | result | time | what was seen |', '|---|---|---|---|', ...rows].join('\n');
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      target: { type: 'string', default: 'ours' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help || (values.target !== 'ours' && values.target !== 'apache')) {
    console.log(usage);
    return values.help ? 0 : 2;
  }
  const wanted = values.only?.toLowerCase().split(/,(?! )/);
  const all = [
    ...clientScenarios,
    ...kafkajsFacadeScenarios,
    kcatScenario,
    ...ourProducerScenarios,
    ...ourConsumerScenarios,
    ...zookeeperRegisteredScenarios,
    ...javaToolsScenarios,
    ...kafkaConfigsScenarios,
    ...kafkaAdminScenarios,
    ...ourAdminCommandsScenarios,
    zookeeperShellScenario,
    ourShellScenario,
    ourToolsScenario,
    brokerAloneScenario,
    ...compactionScenarios,
    ...diskScenarios,
    ...zookeeperEnsembleScenarios,
    ...zookeeperKillsScenarios,
    ...zookeeperRollingScenarios,
    ...zookeeperFailoverScenarios,
    ...zookeeperReconfigScenarios,
    ...kafkaMixedScenarios,
    ...kafkaKillsScenarios,
    ...kafkaLastReplicaScenarios,
    ...kafkaRollingScenarios,
    ...kafkaClusterToolsScenarios,
    ...newGroupsScenarios,
    shareConsoleScenario,
    mainJobScenario,
    ...documentationScenarios,
  ];
  const chosen = all.filter(({ name, fullOnly }) =>
    wanted === undefined
      ? !(values.quick && fullOnly === true)
      : wanted.some((text) => name.toLowerCase().includes(text)),
  );
  if (chosen.length === 0) {
    console.log(`no scenario has a name with ${values.only ?? ''} in it: --list names all`);
    return 2;
  }
  if (values.list) {
    console.log(chosen.map(({ name, shows }) => `${name}: ${shows}`).join('\n'));
    return 0;
  }
  const toolbox = new Toolbox();
  const workspace = new Workspace();
  const which = values.target;
  let target: Promise<Target> | undefined;
  const context: Context = {
    toolbox,
    quick: values.quick,
    which,
    say: (text) => console.log(`  ${text}`),
    shared: () => {
      target ??=
        which === 'ours'
          ? startOurs(toolbox, { data: workspace.dir('data') })
          : startApache(toolbox, workspace);
      return target;
    },
  };
  const results: Result[] = [];
  try {
    for (const scenario of chosen) {
      console.log(`${scenario.name}: ${scenario.shows}`);
      const result = await attempt(scenario, context);
      results.push(result);
      console.log(`  ${result.status} in ${result.seconds.toFixed(1)} s: ${result.text}`);
    }
  } finally {
    await target?.then((running) => running.stop()).catch(() => undefined);
    workspace.remove();
  }
  const count = (status: Result['status']) => results.filter((result) => result.status === status).length;
  console.log(`\n${table(results)}\n`);
  console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
  return count('failed') === 0 && results.length > 0 ? 0 : 1;
}

process.exitCode = await main();
