import { join } from 'node:path';
import { run } from '../../../tools/peers/process.ts';
import { versions } from '../../../tools/peers/toolbox.ts';
import { type Context, lastLine, type Scenario } from '../scenario.ts';

const kafkaShows = 'topics, all codecs, group with a rebalance, offsets, deletion';
const perCodec = (context: Context) => (context.quick ? 100 : 2000).toString();

function nodeScenario(
  name: string,
  file: string,
  shows: string,
  args: (context: Context) => Promise<string[]>,
): Scenario {
  return {
    name,
    shows,
    async run(context) {
      const { dir, node } = await context.toolbox.node();
      const { stdout } = await run(node, [join(dir, file), ...(await args(context))], { cwd: dir });
      return lastLine(stdout);
    },
  };
}

const bootstrap = async (context: Context) => [(await context.shared()).bootstrap, perCodec(context)];
const connect = async (context: Context) => [(await context.shared()).zookeeper];

function javaClient(name: string, classPathOf: (context: Context) => Promise<string>): Scenario {
  return {
    name,
    shows: kafkaShows,
    async run(context) {
      const classPath = await context.toolbox.compileJava(name, await classPathOf(context), [
        'test/compat/java/KafkaScenario.java',
      ]);
      const { stdout } = await context.toolbox.java(classPath, 'KafkaScenario', await bootstrap(context));
      return lastLine(stdout);
    },
  };
}

/** One scenario per foreign client; all of them on the same servers. */
export const clientScenarios: readonly Scenario[] = [
  nodeScenario('kafkajs 2.2.4', 'kafkajs.mjs', kafkaShows, bootstrap),
  nodeScenario('@platformatic/kafka 2.12.1', 'platformatic.mjs', kafkaShows, bootstrap),
  {
    name: 'confluent-kafka (Python)',
    shows: kafkaShows,
    async run(context) {
      const python = await context.toolbox.python();
      const script = join(context.toolbox.sources, 'python/kafka_scenario.py');
      return lastLine((await run(python, [script, ...(await bootstrap(context))])).stdout);
    },
  },
  {
    name: 'franz-go (Go)',
    shows: kafkaShows,
    async run(context) {
      const program = await context.toolbox.goScenario();
      return lastLine((await run(program, await bootstrap(context))).stdout);
    },
  },
  javaClient(`kafka-clients ${versions.kafka} (Java)`, (context) => context.toolbox.apache()),
  javaClient(`kafka-clients ${versions.newKafka} (Java)`, (context) => context.toolbox.newKafka()),
  {
    name: 'kazoo (Python)',
    shows: 'all operations, watches, recipes',
    async run(context) {
      const python = await context.toolbox.python();
      const script = join(context.toolbox.sources, 'python/kazoo_scenario.py');
      return lastLine((await run(python, [script, ...(await connect(context))])).stdout);
    },
  },
  nodeScenario('node-zookeeper-client 1.1.3', 'zookeeper.mjs', 'all operations, watches', connect),
  {
    name: `ZooKeeper ${versions.zookeeper} client (Java)`,
    shows: 'all operations, watches of every mode, session move',
    async run(context) {
      const jars = await context.toolbox.apache();
      const classPath = await context.toolbox.compileJava('zookeeper', jars, [
        'test/compat/java/ZooKeeperScenario.java',
      ]);
      return lastLine(
        (await context.toolbox.java(classPath, 'ZooKeeperScenario', await connect(context))).stdout,
      );
    },
  },
];
