import type { CommandTexts } from './cases.ts';

const tools = 'org.apache.kafka.tools';
const at = ['--bootstrap-server', 'localhost:1'];
const load = ['--topic', 'a', '--num-records', '1', '--throughput', '1'];

/** Of the tools that put load on a cluster. */
export const loadToolTexts: readonly CommandTexts[] = [
  {
    command: 'kafka-producer-perf-test',
    mainClass: `${tools}.ProducerPerformance`,
    cases: [
      ['--topic'],
      ['--topic', 'a', '--num-records', 'x'],
      [...load, '--record-size', '1'],
      [...load, '--producer-props', 'a=b'],
      [...load, '--record-size', '1', '--payload-monotonic', '--producer-props', 'a=b'],
      [...load, '--record-size', '1', '--producer-props', 'a'],
      [...load, '--record-size', '1', '--producer.config', 'nowhere'],
      [...load, '--record-size', '1', '--producer-props', 'bootstrap.servers=localhost'],
    ],
  },
  {
    command: 'kafka-consumer-perf-test',
    mainClass: `${tools}.ConsumerPerformance`,
    cases: [
      at,
      [...at, '--topic', 'a'],
      ['--topic', 'a', '--messages', '1'],
      [...at, '--topic', 'a', '--messages', '1', '--threads', '2', '--consumer.config', 'nowhere'],
      [...at, '--topic', 'a', '--messages', '1', '--fetch-size', 'x', '--hide-header'],
    ],
  },
  {
    command: 'kafka-e2e-latency',
    mainClass: `${tools}.EndToEndLatency`,
    cases: [
      ['localhost:1', 'a', 'x', '1', '1'],
      ['localhost:1', 'a', '1', '0', '1'],
      ['localhost:1', 'a', '1', '1', '1', 'nowhere'],
    ],
  },
  {
    command: 'kafka-verifiable-producer',
    mainClass: `${tools}.VerifiableProducer`,
    cases: [
      at,
      [...at, '--topic', 'a', '--acks', '2'],
      [...at, '--broker-list', 'localhost:1', '--topic', 'a'],
    ],
  },
  {
    command: 'kafka-verifiable-consumer',
    mainClass: `${tools}.VerifiableConsumer`,
    cases: [
      at,
      [...at, '--topic', 'a'],
      [...at, '--topic', 'a', '--group-id', 'g', '--reset-policy', 'never'],
    ],
  },
];
