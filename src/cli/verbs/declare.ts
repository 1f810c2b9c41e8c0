import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { collectOverride, parsePort } from '../overrides.ts';
import { completionScript, SHELLS, type Shell } from './completion.ts';
import { action, collected, keyValue, streamingAction, wholeNumber } from './verb.ts';

/** What every verb about a Kafka cluster takes. */
function kafka(command: Command): Command {
  return command
    .option('-b, --bootstrap-server <host:port,...>', 'brokers to begin with (else KAFKA_BOOTSTRAP_SERVERS)')
    .option('--command-config <file>', 'a properties file with settings of the client')
    .option('-X, --set <key=value>', "a setting of the client under Apache's name", keyValue)
    .option('--timeout <ms>', 'how long a call is tried', wholeNumber(1))
    .option('--json', 'print JSON');
}

function zookeeper(command: Command): Command {
  return command
    .option('-z, --zookeeper <host:port,...>', 'servers of ZooKeeper, with a chroot if there is one')
    .option('--timeout <ms>', 'session timeout, and how long to wait for a connection', wholeNumber(1))
    .option('--json', 'print JSON');
}

function orUsage<T>(parse: (text: string, before?: T) => T) {
  return (text: string, before?: T): T => {
    try {
      return parse(text, before);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}

export function declareStart(program: Command): void {
  program
    .command('start')
    .description('run ZooKeeper and a broker in one process (the default)')
    .option('--zookeeper-port <port>', 'port of ZooKeeper; 0 takes a free one', orUsage(parsePort), 2181)
    .option('--kafka-port <port>', 'port of the broker; 0 takes a free one', orUsage(parsePort), 9092)
    .option('--host <address>', 'interface to bind and advertise', '127.0.0.1')
    .option('--data <directory>', 'data directory', './data')
    .option('--memory', 'keep everything in memory')
    .option('--zookeeper-connect <host:port>', 'use a ZooKeeper that runs elsewhere')
    .option('--override <key=value>', 'a key of server.properties', orUsage(collectOverride))
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent', 'warn')
    .option('--json', 'print JSON')
    .action(action(async () => (await import('./start.ts')).startServers));
}

/** The verbs about topics, configurations and the cluster. */
export function declareAdminVerbs(program: Command): void {
  declareTopic(program.command('topic').description('list, create, describe, change and delete topics'));
  declareGroup(program.command('group').description('list, describe, reset and delete consumer groups'));
  declareConfig(program.command('config').description('show and change configurations'));
  kafka(program.command('cluster').description('brokers, controller and topics of the cluster')).action(
    action(async () => (await import('./cluster.ts')).describeCluster),
  );
}

function declareTopic(topic: Command): void {
  kafka(topic.command('list').alias('ls').description('names and sizes of all topics'))
    .option('--internal', "also the brokers' own topics")
    .action(action(async () => (await import('./topic.ts')).listTopics));
  kafka(topic.command('create').argument('<name...>').description('create topics'))
    .option('-p, --partitions <n>', "number of partitions (default: the brokers')", wholeNumber(1))
    .option(
      '-r, --replication-factor <n>',
      "copies of each partition (default: the brokers')",
      wholeNumber(1),
    )
    .option('-c, --config <key=value>', 'a configuration of the topic', keyValue)
    .option('--if-not-exists', 'leave topics that are there alone')
    .option('--dry-run', 'check only')
    .action(action(async () => (await import('./topic.ts')).createTopics));
  kafka(topic.command('describe').argument('[name...]').description('partitions, leaders and replicas'))
    .addOption(
      new Option('--only <which>', 'only partitions that are so').choices([
        'under-replicated',
        'under-min-isr',
        'offline',
      ]),
    )
    .option('--internal', "also the brokers' own topics, when none is named")
    .action(action(async () => (await import('./topic.ts')).describeTopics));
  kafka(topic.command('alter').argument('<name...>').description('add partitions, change configurations'))
    .option('-p, --partitions <n>', 'how many there shall be', wholeNumber(1))
    .option('-c, --config <key=value>', 'set a configuration', keyValue)
    .option('-d, --delete-config <key>', 'set a configuration back to its default', collected)
    .option('--dry-run', 'check only')
    .action(action(async () => (await import('./topic.ts')).alterTopics));
  kafka(topic.command('delete').alias('rm').argument('<name...>').description('delete topics'))
    .option('--if-exists', 'do not mind topics that are not there')
    .action(action(async () => (await import('./topic.ts')).deleteTopics));
  kafka(topic.command('trim').argument('<name>').description('delete the records before an offset'))
    .option('-p, --partition <n>', 'one partition (default: all)', wholeNumber(0))
    .requiredOption('--before <offset>', 'the first offset that stays; -1 for the end', wholeNumber(-1))
    .action(action(async () => (await import('./topic.ts')).trimTopic));
}

function declareGroup(group: Command): void {
  kafka(group.command('list').alias('ls').description('all groups'))
    .option('--state <state>', 'only groups in this state, such as Stable or Empty', collected)
    .action(action(async () => (await import('./group.ts')).listGroups));
  kafka(group.command('describe').argument('<group...>').description('members, offsets and lag')).action(
    action(async () => (await import('./group.ts')).describeGroups),
  );
  kafka(group.command('reset').argument('<group>').description('set where a group without members goes on'))
    .requiredOption('--to <where>', 'earliest, latest, an offset, or @ and a time')
    .option('-t, --topic <topic[:partitions]>', 'one topic (default: all that it has offsets of)', collected)
    .option('--dry-run', 'show the offsets only')
    .action(action(async () => (await import('./group.ts')).resetGroup));
  kafka(group.command('delete').alias('rm').argument('<group...>').description('delete groups')).action(
    action(async () => (await import('./group.ts')).deleteGroups),
  );
}

/** The verbs that move records, with the short flags of kcat. */
export function declareRecordVerbs(program: Command): void {
  kafka(program.command('produce').argument('<topic>').argument('[value...]'))
    .description('send values, or each line of standard input')
    .option('-k, --key <key>', 'key of all records')
    .option('-H, --header <name=value>', 'a header of all records', collected)
    .option('-p, --partition <n>', 'to this partition (default: by key)', wholeNumber(0))
    .option('-K, --key-delimiter <text>', 'what stands between key and value of a line')
    .option('-z, --compression <codec>', 'none, gzip, snappy, lz4 or zstd')
    .option('-a, --acks <n>', 'all, 1 or 0')
    .option('--tombstone', 'send the key without a value')
    .action(streamingAction(async () => (await import('./produce.ts')).produce));
  kafka(program.command('consume').argument('<topic...>').description('print records'))
    .option('-p, --partition <n>', 'only this partition', numbers)
    .option('-o, --offset <where>', 'beginning, end, stored, N, -N (the last N), or s@ and a time')
    .option('-n, --count <n>', 'end after so many records', wholeNumber(0))
    .option('-e, --exit', 'end when the last record has been read')
    .option('-g, --group <id>', 'read as a member of this group')
    .option('-f, --format <format>', 'such as "%t-%p@%o %k: %s %T %h\\n"')
    .option('-K, --key-delimiter <text>', 'print keys, with this behind them')
    .option('-D, --delimiter <text>', 'what stands behind each record (default: a line feed)')
    .option('--isolation <level>', 'read_uncommitted or read_committed')
    .action(streamingAction(async () => (await import('./consume.ts')).consume));
}

const number = wholeNumber(0);
const numbers = (text: string, before: readonly number[] = []) => [...before, number(text)];

const RESOURCES = 'topic, broker, broker-logger, group or client-metrics';

function declareConfig(config: Command): void {
  const resource = (command: Command) =>
    kafka(command.argument('<type>', RESOURCES).argument('<name>', 'its name or id; "" for all brokers'));
  resource(config.command('describe').alias('get'))
    .description('configurations and where they come from')
    .option('--all', 'also what was not set')
    .action(action(async () => (await import('./config.ts')).describeConfig));
  resource(config.command('set'))
    .argument('<key=value...>')
    .description('set configurations')
    .option('--dry-run', 'check only')
    .action(action(async () => (await import('./config.ts')).setConfig));
  resource(config.command('unset'))
    .argument('<key...>')
    .description('set configurations back to their defaults')
    .option('--dry-run', 'check only')
    .action(action(async () => (await import('./config.ts')).unsetConfig));
}

/** The verbs about ZooKeeper. */
export function declareZooKeeperVerbs(program: Command): void {
  const zk = program.command('zk').description('look at and change the nodes of ZooKeeper');
  const path = (command: Command) => zookeeper(command.argument('[path]', 'default /'));
  path(zk.command('ls').description('children of a node'))
    .option('-R, --recursive', 'all nodes below')
    .option('-l, --long', 'with their sizes and versions')
    .action(action(async () => (await import('./zk.ts')).list));
  path(zk.command('get').description('data of a node'))
    .option('--base64', 'print the data in base64')
    .action(action(async () => (await import('./zk.ts')).get));
  path(zk.command('stat').description('what ZooKeeper knows of a node')).action(
    action(async () => (await import('./zk.ts')).stat),
  );
  zookeeper(zk.command('set').argument('<path>').argument('<data>').description('change the data of a node'))
    .option('-v, --version <n>', 'only if it has this version', wholeNumber(0))
    .action(action(async () => (await import('./zk.ts')).set));
  zookeeper(zk.command('create').argument('<path>').argument('[data]').description('create a node'))
    .option('-e, --ephemeral', 'gone with this session, at once')
    .option('-s, --sequential', 'with a number behind the name')
    .option('--parents', 'its parents too')
    .action(action(async () => (await import('./zk.ts')).create));
  zookeeper(zk.command('delete').alias('rm').argument('<path>').description('delete a node'))
    .option('-v, --version <n>', 'only if it has this version', wholeNumber(0))
    .option('-R, --recursive', 'with all below it')
    .action(action(async () => (await import('./zk.ts')).remove));
  zookeeper(zk.command('status').description('role and state of each server')).action(
    action(async () => (await import('./zk.ts')).status),
  );
}

/** The verb that looks for what is wrong. */
export function declareDoctor(program: Command): void {
  kafka(program.command('doctor').description('look for what is wrong with the cluster, and say what to do'))
    .option('-z, --zookeeper <host:port,...>', 'servers of ZooKeeper, for quorum and clocks')
    .option('--probe-clock', "compare clocks by an ephemeral node, where ZooKeeper's words do not tell")
    .action(action(async () => (await import('../doctor/doctor.ts')).examine));
}

/** The verb that teaches shells the others: declared last. */
export function declareCompletion(program: Command): void {
  program
    .command('completion')
    .description('print what makes a shell complete verbs and options')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action((shell: Shell) => {
      process.stdout.write(completionScript(program, shell));
    });
}
