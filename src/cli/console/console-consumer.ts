import { Consumer } from '../../clients/kafka/consumer/consumer.ts';
import type { ConsumerRecord } from '../../clients/kafka/consumer/consumer-record.ts';
import type { Env } from '../../env/env.ts';
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import { consumerOptionsFor, loadProperties } from '../client-settings.ts';
import { JavaError } from '../java-error.ts';
import { javaPattern } from '../java-pattern.ts';
import type { ConsoleConsumerOptions } from '../kafka-console-consumer.ts';
import { asJavaError } from '../kafka-failure.ts';
import { keyValueArgs } from '../key-value-args.ts';
import { logLine } from '../log-line.ts';
import { withNetworkWarnings } from '../network-warnings.ts';
import { ToolExit } from '../tool.ts';
import { chosenFormatter } from './formatter-options.ts';
import type { MessageFormatter } from './formatters/message-formatter.ts';
import { type Interruption, interruption } from './interruption.ts';
import { printRecords } from './print-records.ts';

const LOGGER = 'org.apache.kafka.tools.consumer.ConsoleConsumer';

type Usage = (message: string) => ToolExit;

/** Where to begin in the partition of `--partition`. */
type Start = 'earliest' | 'latest' | number;

/** Reads and prints until there is enough; gives the exit code. */
export async function runConsoleConsumer(options: ConsoleConsumerOptions, usage: Usage): Promise<number> {
  const env = createNodeEnv({ logLevel: 'silent' });
  const properties = consumerProperties(env, options, usage);
  const start = startOf(options, usage);
  const timeoutMs = options.bigint('timeout-ms') ?? -1n;
  const formatter = chosenFormatter(
    env,
    {
      className: options.required('formatter'),
      configFile: options.text('formatter-config'),
      properties: options.all('property'),
      keyDeserializer: options.text('key-deserializer'),
      valueDeserializer: options.text('value-deserializer'),
    },
    usage,
  );
  const interrupted = interruption();
  let exitCode = 0;
  try {
    const settings = {
      properties,
      start,
      formatter,
      timeoutMs: timeoutMs < 0n ? undefined : Number(timeoutMs),
    };
    await consume(env, options, settings, interrupted);
  } catch (error) {
    const known = asJavaError(error);
    logLine('ERROR', 'Unknown error when running consumer: ', LOGGER);
    console.error(known instanceof JavaError ? known.toTrace() : known);
    exitCode = 1;
  }
  if (options.has('enable-systest-events')) console.log('shutdown_complete');
  return interrupted.exitCode ?? exitCode;
}

interface Settings {
  readonly properties: ReadonlyMap<string, string>;
  readonly start: Start;
  readonly formatter: MessageFormatter;
  readonly timeoutMs: number | undefined;
}

async function consume(
  env: Env,
  options: ConsoleConsumerOptions,
  { properties, start, formatter, timeoutMs }: Settings,
  { signal }: Interruption,
): Promise<void> {
  const settings = await consumerOptionsFor(properties);
  const client = `Consumer clientId=${properties.get('client.id')}, groupId=${properties.get('group.id')}`;
  const consumer = new Consumer(withNetworkWarnings(env, client), settings);
  try {
    begin(consumer, options, start);
    await printRecords<ConsumerRecord>({
      poll: () => consumer.poll({ signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) }),
      formatter,
      maxMessages: () => {
        const maxMessages = options.number('max-messages') ?? -1;
        return maxMessages === -1 ? undefined : maxMessages;
      },
      signal,
      logger: LOGGER,
      unprintable: (_, error) => {
        if (!options.has('skip-message-on-error')) return false;
        logLine('ERROR', 'Error processing message, skipping this message: ', LOGGER);
        const known = asJavaError(error);
        console.error(known instanceof JavaError ? known.toTrace() : known);
        return true;
      },
      left: (records) => giveBack(consumer, records),
    });
    // All that was handed out and not given back has been printed: the consumer itself would wait for the next poll.
    if (settings.enableAutoCommit === true) await consumer.commit();
  } finally {
    await consumer.close();
  }
}

/** Says what to read. */
function begin(consumer: Consumer, options: ConsoleConsumerOptions, start: Start): void {
  const topic = options.text('topic');
  const partition = options.number('partition');
  if (topic === undefined) {
    consumer.subscribe(javaPattern(options.text('include') ?? options.required('whitelist')));
  } else if (partition === undefined) {
    consumer.subscribe(topic);
  } else {
    const assigned = [{ topic, partition }];
    consumer.assign(assigned);
    if (start === 'earliest') consumer.seekToBeginning(assigned);
    else if (start === 'latest') consumer.seekToEnd(assigned);
    else consumer.seek({ topic, partition }, start);
  }
}

/** What was fetched and not printed is not to be committed. */
function giveBack(consumer: Consumer, records: readonly ConsumerRecord[]): void {
  const seen = new Set<string>();
  for (const { topic, partition, offset } of records) {
    if (seen.has(`${topic}-${partition}`)) continue;
    seen.add(`${topic}-${partition}`);
    consumer.seek({ topic, partition }, offset);
  }
}

/** `ConsoleConsumerOptions.buildConsumerProps`. */
function consumerProperties(env: Env, options: ConsoleConsumerOptions, usage: Usage): Map<string, string> {
  const file = options.text('consumer.config');
  const fromFile = file === undefined ? new Map<string, string>() : loadProperties(env, file);
  const fromArgs = keyValueArgs(options.all('consumer-property'));
  const groups = new Set(
    [options.text('group'), fromFile.get('group.id'), fromArgs.get('group.id')].filter(
      (group) => group !== undefined,
    ),
  );
  checkGroups(options, [...groups], usage);
  const properties = new Map([...fromFile, ...fromArgs]);
  setOffsetReset(properties, options.has('from-beginning'));
  properties.set('bootstrap.servers', options.required('bootstrap-server'));
  if (!properties.has('client.id')) properties.set('client.id', 'console-consumer');
  if (options.has('isolation-level') || !properties.has('isolation.level')) {
    properties.set('isolation.level', options.required('isolation-level'));
  }
  const [group] = groups;
  properties.set('group.id', group ?? `console-consumer-${env.random.below(100_000)}`);
  // A group that nobody will use again should not fill the coordinator's memory.
  if (group === undefined && !properties.has('enable.auto.commit'))
    properties.set('enable.auto.commit', 'false');
  return properties;
}

function checkGroups(options: ConsoleConsumerOptions, groups: readonly string[], usage: Usage): void {
  if (groups.length > 1) {
    const where = "(directly using '--group', via '--consumer-property', or via '--consumer.config')";
    const detected = groups.map((group) => `'${group}'`).join(', ');
    throw usage(
      `The group ids provided in different places ${where} do not match. Detected group ids: ${detected}`,
    );
  }
  if (groups.length > 0 && options.has('partition')) {
    throw usage('Options group and partition cannot be specified together.');
  }
}

function setOffsetReset(properties: Map<string, string>, fromBeginning: boolean): void {
  const given = properties.get('auto.offset.reset');
  if (given === undefined) {
    properties.set('auto.offset.reset', fromBeginning ? 'earliest' : 'latest');
  } else if (fromBeginning && given !== 'earliest') {
    const conflict = `--from-beginning and 'auto.offset.reset=${given}'`;
    const stderr = `Can't simultaneously specify ${conflict}, please remove one option\n`;
    throw new ToolExit(1, { stderr });
  }
}

function startOf(options: ConsoleConsumerOptions, usage: Usage): Start {
  if (!options.has('offset')) return options.has('from-beginning') ? 'earliest' : 'latest';
  const text = options.required('offset');
  const word = text.toLowerCase();
  if (word === 'earliest' || word === 'latest') return word;
  const offset = Number(text);
  if (/^\+?\d+$/.test(text) && Number.isSafeInteger(offset)) return offset;
  throw usage(
    `The provided offset value '${text}' is incorrect. Valid values are 'earliest', 'latest', or a non-negative long.`,
  );
}
