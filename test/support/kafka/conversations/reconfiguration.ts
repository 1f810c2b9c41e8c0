import type { Conversation } from '../conversation.ts';
import { DescribeConfigs, IncrementalAlterConfigs } from '../pairs.ts';

const BROKER = 4;
const SET = 0;
const DELETE = 1;

type Settings = Readonly<Record<string, string | null>>;

/** What a running broker lets itself be told, and what not. */
export const reconfiguring: Conversation = {
  name: 'reconfiguring',
  znodes: true,
  async hold(talk) {
    const draft = (resourceName: string, settings: Settings, validateOnly: boolean) => ({
      resources: [
        {
          resourceType: BROKER,
          resourceName,
          configs: Object.entries(settings).map(([name, value]) => ({
            name,
            configOperation: value === null ? DELETE : SET,
            value,
          })),
        },
      ],
      validateOnly,
    });
    /** Asks whether this broker, and all of them, may be told so. */
    const may = async (step: string, settings: Settings) => {
      await talk.ask(`${step}, here`, IncrementalAlterConfigs, 1, draft('0', settings, true));
      await talk.ask(`${step}, everywhere`, IncrementalAlterConfigs, 1, draft('', settings, true));
    };
    const inside = { 'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT' };
    const two = 'PLAINTEXT://127.0.0.1:0,INSIDE://127.0.0.1:0';
    for (const [key, values] of Object.entries({
      'num.io.threads': [16, 17, 4, 3, 0],
      'num.network.threads': [6, 7, 1, 0],
      'num.replica.fetchers': [2, 3, 1, 0],
      'num.recovery.threads.per.data.dir': [2, 3, 0],
      'background.threads': [20, 21, 5, 4],
      'log.cleaner.threads': [2, 3, 0],
      'listener.name.plaintext.num.network.threads': [6, 7, 0],
      'listener.name.inside.num.network.threads': [20],
      'max.connections': [1, 0, -1],
      'max.connection.creation.rate': [10, 0],
      'listener.name.plaintext.max.connections': [1, 0, -1],
      'listener.name.plaintext.max.connection.creation.rate': [10, 0],
      'listener.name.inside.max.connections': [1],
      'max.connections.per.ip': [10, 0, -1],
      'max.connections.per.ip.overrides': ['127.0.0.1:5', '127.0.0.1:5,localhost:6', ''],
      'message.max.bytes': [1000, 0, -1, 'many'],
      'unclean.leader.election.enable': [true, 'perhaps'],
      'min.insync.replicas': [2, 0],
      'log.retention.ms': [1000, -1, 0],
      'log.retention.hours': [2],
      'log.roll.ms': [1000, 0],
      'log.segment.bytes': [100, 14, 13],
      'log.cleanup.policy': ['compact', 'compact,delete', 'burn'],
      'log.cleaner.dedupe.buffer.size': [134_217_728, 1],
      'log.cleaner.io.max.bytes.per.second': ['1.5'],
      'log.message.timestamp.type': ['LogAppendTime', 'Never'],
      'log.message.format.version': ['3.0'],
      'compression.type': ['zstd', 'none'],
      'producer.id.expiration.ms': [1000, 0, -1],
      'transaction.partition.verification.enable': [false],
      'leader.replication.throttled.rate': [1000, 0, -1],
      'follower.replication.throttled.rate': [1000, 'fast'],
      'replica.alter.log.dirs.io.max.bytes.per.second': [1000],
      'remote.log.index.file.cache.total.size.bytes': [1000, 0],
      'num.partitions': [3],
      'log.dirs': ['/elsewhere'],
      'auto.create.topics.enable': [false],
      'controlled.shutdown.enable': [false],
      'ssl.keystore.type': ['PEM'],
      'ssl.client.auth': ['required'],
      'sasl.enabled.mechanisms': ['PLAIN'],
      'listener.name.plaintext.sasl.enabled.mechanisms': ['PLAIN'],
      'listener.name.inside.sasl.enabled.mechanisms': ['PLAIN'],
      'a.key.of.a.plug-in': ['anything'],
      'listener.security.protocol.map': [
        'PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT',
        'PLAINTEXT:SSL',
        'INSIDE:PLAINTEXT',
        'PLAINTEXT:NONSENSE',
      ],
    })) {
      for (const value of values) await may(`${key}=${value}`, { [key]: String(value) });
    }
    await may('another listener', { listeners: two, ...inside });
    await may('a listener without protocol', { listeners: two });
    await may('no listener', { listeners: '' });
    await may('nonsense for a listener', { listeners: 'nonsense' });
    await may('a listener less', { listeners: 'INSIDE://127.0.0.1:0', ...inside });
    await may('another address', { 'advertised.listeners': 'PLAINTEXT://elsewhere.example.org:9' });
    await may('an address that leads nowhere', { 'advertised.listeners': 'PLAINTEXT://0.0.0.0:9' });
    await may('an address of no listener', { 'advertised.listeners': 'INSIDE://127.0.0.1:9', ...inside });

    /** Tells the broker, and waits until it says so itself. */
    const become = async (resourceName: string, settings: Settings) => {
      await talk.ask(
        `${resourceName} ${JSON.stringify(settings)}`,
        IncrementalAlterConfigs,
        1,
        draft(resourceName, settings, false),
      );
      const configurationKeys = Object.keys(settings);
      const request = { resources: [{ resourceType: BROKER, resourceName: '0', configurationKeys }] };
      await talk.until(DescribeConfigs, 1, { ...request, includeSynonyms: false }, ({ results: [result] }) =>
        Object.entries(settings).every(([name, value]) => {
          const entry = result?.configs.find((config) => config.name === name);
          return value === null ? entry?.configSource !== 2 : entry?.value === value;
        }),
      );
      await talk.ask(
        `as it is now: ${configurationKeys}`,
        DescribeConfigs,
        4,
        { ...request, includeSynonyms: true },
        {
          without: ['documentation'],
        },
      );
    };
    await become('', { 'num.io.threads': '16', 'log.retention.ms': '1000', 'max.connections': '500' });
    await become('0', { 'num.io.threads': '32', 'log.retention.ms': '2000' });
    await may('double of what it is now', { 'num.io.threads': '64' });
    await become('0', { 'num.io.threads': null, 'log.retention.ms': null });
    await become('', { 'num.io.threads': '8' });
    await become('0', { 'advertised.listeners': 'PLAINTEXT://elsewhere.example.org:9092' });
    await become('0', { 'max.connections.per.ip': '90' });
  },
};
