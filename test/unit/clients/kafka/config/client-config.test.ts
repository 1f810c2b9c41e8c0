import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { ConfigDef } from '../../../../../src/base/config-keys/config-def.ts';
import { ConfigError } from '../../../../../src/base/config-keys/config-error.ts';
import { parseAdminConfig } from '../../../../../src/clients/kafka/config/admin-config.ts';
import { adminDefs } from '../../../../../src/clients/kafka/config/admin-defs.ts';
import type { ClientProperties } from '../../../../../src/clients/kafka/config/client-config.ts';
import { parseConsumerConfig } from '../../../../../src/clients/kafka/config/consumer-config.ts';
import { consumerDefs } from '../../../../../src/clients/kafka/config/consumer-defs.ts';
import { parseProducerConfig } from '../../../../../src/clients/kafka/config/producer-config.ts';
import { producerDefs } from '../../../../../src/clients/kafka/config/producer-defs.ts';
import { consumerSettings } from '../../../../../src/clients/kafka/consumer/consumer-options.ts';
import { producerSettings } from '../../../../../src/clients/kafka/producer/producer-options.ts';

const bootstrap = { 'bootstrap.servers': 'a:9092' };

describe('settings of clients under the names of Apache', () => {
  test('options of an admin client', () => {
    const { options, notes } = parseAdminConfig({
      'bootstrap.servers': ' a:9092 , [::1]:9093 ',
      'client.id': 'me',
      'request.timeout.ms': ' 1500',
      'default.api.timeout.ms': '7000',
      'connections.max.idle.ms': '-1',
    });
    assert.deepEqual(options, {
      bootstrapServers: ['a:9092', '[::1]:9093'],
      clientId: 'me',
      requestTimeoutMs: 1500,
      connectTimeoutMs: 10_000,
      apiTimeoutMs: 7000,
      retryBackoffMs: 100,
      retryBackoffMaxMs: 1000,
      reconnectBackoffMs: 50,
      reconnectBackoffMaxMs: 1000,
      metadataMaxAgeMs: 300_000,
      connectionsMaxIdleMs: 2 ** 31 - 1,
    });
    assert.deepEqual(notes, []);
  });

  test('a map does as well as an object', () => {
    assert.equal(parseProducerConfig({ ...bootstrap, 'linger.ms': '5' }).options.lingerMs, 5);
  });

  const refused: [string, (properties: ClientProperties) => unknown, Record<string, string>, string][] = [
    [
      'a number that is none',
      parseProducerConfig,
      { 'linger.ms': 'soon' },
      'Invalid value soon for configuration linger.ms: Not a number of type LONG',
    ],
    [
      'a number that is too small',
      parseProducerConfig,
      { 'batch.size': '-1' },
      'Invalid value -1 for configuration batch.size: Value must be at least 0',
    ],
    [
      'a number that is too large for its type',
      parseConsumerConfig,
      { 'max.poll.records': '2147483648' },
      'Invalid value 2147483648 for configuration max.poll.records: Not a number of type INT',
    ],
    [
      'no such choice',
      parseProducerConfig,
      { acks: '2' },
      'Invalid value 2 for configuration acks: String must be one of: all, -1, 0, 1',
    ],
    [
      'no such choice, in any case',
      parseConsumerConfig,
      { 'group.protocol': 'modern' },
      'Invalid value modern for configuration group.protocol: String must be one of (case insensitive): CONSUMER, CLASSIC',
    ],
    [
      'neither true nor false',
      parseConsumerConfig,
      { 'enable.auto.commit': 'yes' },
      'Invalid value yes for configuration enable.auto.commit: Expected value to be either true or false',
    ],
    [
      'an empty id',
      parseProducerConfig,
      { 'transactional.id': '' },
      'Invalid value  for configuration transactional.id: String must be non-empty',
    ],
    [
      'a fraction that is too large',
      parseAdminConfig,
      { 'sasl.login.refresh.window.factor': '2' },
      'Invalid value 2.0 for configuration sasl.login.refresh.window.factor: Value must be no more than 1.0',
    ],
    [
      "a partitioner of one's own",
      parseProducerConfig,
      { ...bootstrap, 'partitioner.class': 'org.example.Mine' },
      'Invalid value org.example.Mine for configuration partitioner.class: Class org.example.Mine could not be found.',
    ],
    ['no address', parseAdminConfig, {}, 'No resolvable bootstrap urls given in bootstrap.servers'],
    [
      'an address without a port',
      parseAdminConfig,
      { 'bootstrap.servers': 'localhost' },
      'Invalid url in bootstrap.servers: localhost',
    ],
    [
      'a port that is none',
      parseAdminConfig,
      { 'bootstrap.servers': 'localhost:99999' },
      'Invalid port in bootstrap.servers: localhost:99999',
    ],
    [
      'idempotence without retries',
      parseProducerConfig,
      { 'enable.idempotence': 'true', retries: '0' },
      'Must set retries to non-zero when using the idempotent producer.',
    ],
    [
      'idempotence with acks=1',
      parseProducerConfig,
      { 'enable.idempotence': 'true', acks: '1' },
      'Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee idempotence.',
    ],
    [
      'idempotence with six requests in flight',
      parseProducerConfig,
      { 'enable.idempotence': 'true', 'max.in.flight.requests.per.connection': '6' },
      'Must set max.in.flight.requests.per.connection to at most 5 to use the idempotent producer.',
    ],
    [
      'transactions without idempotence',
      parseProducerConfig,
      { 'transactional.id': 't', acks: '1' },
      'Cannot set a transactional.id without also enabling idempotence.',
    ],
    [
      'commits without a group',
      parseConsumerConfig,
      { 'enable.auto.commit': 'true' },
      'enable.auto.commit cannot be set to true when default group id (null) is used.',
    ],
    [
      'a remote assignor in a classic group',
      parseConsumerConfig,
      { 'group.remote.assignor': 'uniform' },
      'group.remote.assignor cannot be set when group.protocol=CLASSIC',
    ],
    [
      'TLS, which is not there yet',
      parseConsumerConfig,
      { 'security.protocol': 'SSL' },
      'Invalid value SSL for configuration security.protocol: TLS and SASL are not supported yet: use a PLAINTEXT listener of the brokers',
    ],
    [
      'a class of Java',
      parseProducerConfig,
      { 'interceptor.classes': 'org.example.Audit' },
      'Invalid value org.example.Audit for configuration interceptor.classes: Class org.example.Audit could not be found: classes of Java cannot run here',
    ],
  ];
  for (const [what, parse, properties, message] of refused) {
    test(`refuses ${what}`, () => {
      assert.throws(
        () => parse(properties),
        (error: unknown) => {
          assert(error instanceof ConfigError);
          assert.equal(error.message, message);
          return true;
        },
      );
    });
  }

  test('names unknown keys as Apache does, and those without effect', () => {
    const { notes } = parseAdminConfig({
      ...bootstrap,
      'no.such': '1',
      other: '2',
      'send.buffer.bytes': '5',
    });
    assert.deepEqual(notes, [
      { level: 'info', text: "These configurations '[no.such, other]' were supplied but are not used yet." },
      { level: 'info', text: 'Known, but without effect here: send.buffer.bytes' },
    ]);
  });

  test('pauses that cannot grow are warned of, and do not', () => {
    const { options, notes } = parseAdminConfig({
      ...bootstrap,
      'retry.backoff.ms': '2000',
      'reconnect.backoff.ms': '70',
    });
    assert.equal(options.retryBackoffMs, 1000);
    assert.equal(options.reconnectBackoffMaxMs, 70);
    assert.deepEqual(
      notes.map(({ level, text }) => `${level} ${text}`),
      [
        "warn Configuration 'retry.backoff.ms' with value '2000' is greater than configuration 'retry.backoff.max.ms' with value '1000'. A static backoff with value '1000' will be applied.",
        'warn Disabling exponential reconnect backoff because reconnect.backoff.ms is set, but reconnect.backoff.max.ms is not.',
      ],
    );
  });

  test('idempotence gives way to other settings when nobody asked for it', () => {
    const idempotence = (properties: Record<string, string>) =>
      parseProducerConfig({ ...bootstrap, ...properties }).options.idempotence;
    assert.equal(idempotence({}), true);
    assert.equal(idempotence({ acks: '1' }), false);
    assert.equal(idempotence({ retries: '0' }), false);
    const config = parseProducerConfig({ ...bootstrap, 'max.in.flight.requests.per.connection': '6' });
    assert.equal(config.options.idempotence, false);
    assert.equal(config.notes[0]?.level, 'warn');
  });

  test('options of a producer', () => {
    const { options } = parseProducerConfig({
      ...bootstrap,
      acks: '-1',
      'compression.type': 'zstd',
      'compression.zstd.level': '7',
      'compression.gzip.level': '9',
      'transactional.id': 't',
      'partitioner.class': 'org.apache.kafka.clients.producer.RoundRobinPartitioner',
    });
    const { acks, compression, compressionLevel, transactionalId, partitioner, lingerMs } = options;
    assert.deepEqual(
      [acks, compression, compressionLevel, transactionalId, partitioner, lingerMs],
      ['all', 'zstd', 7, 't', 'roundRobin', undefined],
    );
    assert.equal(
      parseProducerConfig({ ...bootstrap, 'partitioner.ignore.keys': 'true' }).options.partitioner,
      'uniformSticky',
    );
    // What a producer makes of them: they go together.
    producerSettings(options);
  });

  test('records have the time that a batch and a request may take', () => {
    const longer = parseProducerConfig({ ...bootstrap, 'request.timeout.ms': '200000' });
    assert.equal(longer.options.deliveryTimeoutMs, 200_000);
    assert.match(longer.notes[0]?.text ?? '', /Setting it to 200000\.$/);
    assert.throws(
      () => parseProducerConfig({ ...bootstrap, 'delivery.timeout.ms': '10' }),
      /^ConfigError: delivery\.timeout\.ms should be equal to or larger than linger\.ms \+ request\.timeout\.ms$/,
    );
  });

  test('options of a consumer', () => {
    const { options } = parseConsumerConfig({
      ...bootstrap,
      'group.id': 'g',
      'auto.offset.reset': 'earliest',
      'partition.assignment.strategy':
        'org.apache.kafka.clients.consumer.RoundRobinAssignor, org.apache.kafka.clients.consumer.RangeAssignor',
    });
    assert.equal(options.groupId, 'g');
    assert.equal(options.autoOffsetReset, 'earliest');
    assert.deepEqual(options.partitionAssignors, ['roundrobin', 'range']);
    consumerSettings(options);
  });

  test('only a group commits by itself', () => {
    const commits = (properties: Record<string, string>) =>
      parseConsumerConfig({ ...bootstrap, ...properties }).options.enableAutoCommit;
    assert.equal(commits({}), false);
    assert.equal(commits({ 'group.id': 'g' }), true);
    assert.equal(commits({ 'group.id': 'g', 'enable.auto.commit': 'false' }), false);
  });
});

test('docs/kafka-client-config.md lists the keys without effect', () => {
  const page = readFileSync(
    new URL('../../../../../../docs/kafka-client-config.md', import.meta.url),
    'utf8',
  );
  const listed = [...page.matchAll(/^- `([a-zA-Z0-9.]+)`$/gm)].map(([, key]) => key);
  const all: Readonly<Record<string, ConfigDef>> = { ...adminDefs, ...consumerDefs, ...producerDefs };
  const inert = Object.entries(all).filter(([, { inert }]) => inert === true);
  assert.deepEqual(listed, inert.map(([key]) => key).sort());
});
