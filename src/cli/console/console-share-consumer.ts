import type { ConsumerRecord } from '../../clients/kafka/consumer/consumer-record.ts';
import type { AcknowledgeType } from '../../clients/kafka/share/acknowledge-type.ts';
import { ShareConsumer } from '../../clients/kafka/share/share-consumer.ts';
import type { Env } from '../../env/env.ts';
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import { loadProperties } from '../client-settings.ts';
import { JavaError } from '../java-error.ts';
import type { ConsoleShareConsumerOptions } from '../kafka-console-share-consumer.ts';
import { asJavaError } from '../kafka-failure.ts';
import { keyValueArgs } from '../key-value-args.ts';
import { logLine } from '../log-line.ts';
import { withNetworkWarnings } from '../network-warnings.ts';
import type { ToolExit } from '../tool.ts';
import { chosenFormatter } from './formatter-options.ts';
import type { MessageFormatter } from './formatters/message-formatter.ts';
import { interruption } from './interruption.ts';
import { printRecords } from './print-records.ts';
import { shareConsumerOptionsFor } from './share-consumer-options.ts';

const LOGGER = 'org.apache.kafka.tools.consumer.ConsoleShareConsumer';

type Usage = (message: string) => ToolExit;

/** Reads, prints and acknowledges until there is enough; gives the exit code. */
export async function runConsoleShareConsumer(
  options: ConsoleShareConsumerOptions,
  usage: Usage,
): Promise<number> {
  const env = createNodeEnv({ logLevel: 'silent' });
  const properties = consumerProperties(env, options, usage);
  const formatter = chosenFormatter(
    env,
    {
      className: options.required('formatter'),
      configFile: options.text('formatter-config'),
      properties: options.has('property') ? options.all('property') : options.all('formatter-property'),
      keyDeserializer: options.text('key-deserializer'),
      valueDeserializer: options.text('value-deserializer'),
    },
    usage,
  );
  const interrupted = interruption();
  let exitCode = 0;
  try {
    await consume(env, options, { properties, formatter }, interrupted.signal);
  } catch (error) {
    tell('Unknown error when running consumer: ', error);
    exitCode = 1;
  }
  if (options.has('enable-systest-events')) console.log('shutdown_complete');
  return interrupted.exitCode ?? exitCode;
}

function tell(message: string, error: unknown): void {
  const known = asJavaError(error);
  logLine('ERROR', message, LOGGER);
  console.error(known instanceof JavaError ? known.toTrace() : known);
}

async function consume(
  env: Env,
  options: ConsoleShareConsumerOptions,
  { properties, formatter }: { properties: ReadonlyMap<string, string>; formatter: MessageFormatter },
  signal: AbortSignal,
): Promise<void> {
  const given = options.number('timeout-ms') ?? -1;
  const client = `ShareConsumer clientId=${properties.get('client.id')}, groupId=${properties.get('group.id')}`;
  const settings = await shareConsumerOptionsFor(properties);
  const consumer = new ShareConsumer(withNetworkWarnings(env, client), settings);
  const type: AcknowledgeType = options.has('reject')
    ? 'reject'
    : options.has('release')
      ? 'release'
      : 'accept';
  try {
    consumer.subscribe(options.required('topic'));
    await printRecords<ConsumerRecord>({
      poll: async () => {
        if (given >= 0) return consumer.poll({ timeoutMs: given, signal });
        for (;;) {
          const records = await consumer.poll({ signal });
          if (records.length > 0) return records;
        }
      },
      formatter,
      maxMessages: () => {
        const maxMessages = options.number('max-messages') ?? -1;
        return maxMessages === -1 ? undefined : maxMessages;
      },
      signal,
      logger: LOGGER,
      printed: (record) => consumer.acknowledge(record, type),
      unprintable: (record, error) => {
        if (!options.has('reject-message-on-error')) return false;
        tell('Error processing message, rejecting this message: ', error);
        consumer.acknowledge(record, 'reject');
        return true;
      },
    });
  } finally {
    await consumer.close();
  }
}

function consumerProperties(
  env: Env,
  options: ConsoleShareConsumerOptions,
  usage: Usage,
): Map<string, string> {
  const file = options.text('consumer-config') ?? options.text('command-config');
  const fromFile = file === undefined ? new Map<string, string>() : loadProperties(env, file);
  const texts = options.has('consumer-property')
    ? options.all('consumer-property')
    : options.all('command-property');
  const fromArgs = keyValueArgs(texts);
  const named = [options.text('group'), fromFile.get('group.id'), fromArgs.get('group.id')];
  const groups = [...new Set(named.filter((group) => group !== undefined))];
  if (groups.length > 1) {
    const where = "(directly using '--group', via '--consumer-property', or via '--consumer-config')";
    const detected = groups.map((group) => `'${group}'`).join(', ');
    throw usage(
      `The group ids provided in different places ${where} do not match. Detected group ids: ${detected}`,
    );
  }
  const properties = new Map([...fromFile, ...fromArgs]);
  properties.set('bootstrap.servers', options.required('bootstrap-server'));
  if (!properties.has('client.id')) properties.set('client.id', 'console-share-consumer');
  properties.set('group.id', groups[0] ?? 'console-share-consumer');
  properties.set('share.acknowledgement.mode', 'explicit');
  return properties;
}
