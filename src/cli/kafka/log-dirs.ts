import { partitionKey } from '../../clients/kafka/admin/item-results.ts';
import type { LogDirDescription } from '../../clients/kafka/admin/log-dirs.ts';
import { JavaError, terse } from '../java-error.ts';
import { hashOrder, partitionHash, stringHashOrder } from '../java-hash-order.ts';
import { asJavaError } from '../kafka-failure.ts';
import type { LogDirsOptions } from '../kafka-log-dirs.ts';
import { firstCall, withAdmin } from './with-admin.ts';

/** The parts of a list with commas, without empty ones. */
const listOf = (text: string) => text.split(',').filter((part) => part !== '');

function brokerIdsOf(text: string): number[] {
  const ids = [...new Set(listOf(text))];
  for (const id of ids) {
    if (!/^[+-]?\d+$/.test(id)) {
      throw new JavaError('java.lang.NumberFormatException', `For input string: "${id}"`);
    }
  }
  return hashOrder(ids.map(Number), (id) => id);
}

/** A JSON object whose fields come in the order of Java's HashMap. */
function inHashOrder(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(stringHashOrder(Object.keys(fields)).map((name) => [name, fields[name]]));
}

function logDirJson({ path, error, replicas }: LogDirDescription, topics: ReadonlySet<string>) {
  const known = error === undefined ? undefined : asJavaError(error);
  const all = hashOrder(replicas, partitionHash);
  const shown = all.filter(({ topic }) => topics.size === 0 || topics.has(topic));
  return inHashOrder({
    logDir: path,
    error: known instanceof JavaError ? known.javaClass : null,
    partitions: hashOrder(shown, partitionHash).map((replica) =>
      inHashOrder({
        partition: partitionKey(replica),
        size: replica.sizeBytes,
        offsetLag: replica.offsetLag,
        isFuture: replica.isFuture,
      }),
    ),
  });
}

/** Prints the log directories of the brokers of `--broker-list` as one line of JSON. Throws JavaError. */
export async function describeLogDirs(options: LogDirsOptions): Promise<void> {
  const from = {
    bootstrapServers: options.required('bootstrap-server'),
    commandConfig: options.text('command-config'),
  };
  await withAdmin(
    from,
    async (admin) => {
      const topics = new Set(listOf(options.required('topic-list')));
      const { brokers } = await firstCall('listNodes', () => admin.describeCluster());
      const present = brokers.map(({ id }) => id);
      const wanted = brokerIdsOf(options.required('broker-list'));
      const missing = wanted.filter((id) => !present.includes(id));
      if (missing.length > 0) {
        throw terse(
          `ERROR: The given brokers do not exist from --broker-list: ${missing.join(',')}. Current existent brokers: ${present.join(',')}`,
        );
      }
      const asked = wanted.length === 0 ? present : wanted;
      console.log('Querying brokers for log directories information');
      const described = await admin.describeLogDirs(asked);
      console.log(`Received log directory information from brokers ${asked.join(',')}`);
      const json = inHashOrder({
        version: 1,
        brokers: asked.map((broker) => {
          const logDirs = (described.get(broker) ?? []).map((dir) => logDirJson(dir, topics));
          return inHashOrder({ broker, logDirs });
        }),
      });
      console.log(JSON.stringify(json));
    },
    { 'client.id': 'log-dirs-tool' },
  );
}
