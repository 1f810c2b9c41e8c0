import { ApiVersionsRequest } from '../../../../src/wire/kafka/messages/18-api-versions.ts';
import type { Conversation } from '../conversation.ts';
import {
  AlterConfigs,
  ApiVersions,
  CreateTopics,
  DescribeCluster,
  DescribeConfigs,
  DescribeLogDirs,
  IncrementalAlterConfigs,
  Metadata,
} from '../pairs.ts';
import type { Talk } from '../talk.ts';
import { fill, makeTopic, newTopic, TIMEOUT_MS } from './common.ts';

const Resource = { TOPIC: 2, BROKER: 4, BROKER_LOGGER: 8, CLIENT_METRICS: 16, GROUP: 32 } as const;
const SET = 0;
const DELETE = 1;
const APPEND = 2;
const SUBTRACT = 3;

export const describingServers: Conversation = {
  name: 'describing-servers',
  async hold(talk) {
    // Which APIs there are is compared elsewhere: ours serves fewer, so far.
    const without = { without: ['apiKeys'] };
    for (const version of [0, 1, 2, 3, 4]) {
      const client = version >= 3 ? { clientSoftwareName: 'talk', clientSoftwareVersion: '1' } : {};
      await talk.ask(`versions ${version}`, ApiVersions, version, client, without);
    }
    for (const [name, version] of [
      ['', '1'],
      ['a b', '1'],
      ['-a', '1'],
      ['a.', '1'],
      ['a', ''],
      ['a.b-c', '1.0-x'],
    ] as const) {
      const client = { clientSoftwareName: name, clientSoftwareVersion: version };
      await talk.ask(`versions, for "${name}" of version "${version}"`, ApiVersions, 3, client, without);
    }
    const answer = { response: ApiVersions.response, version: 0 };
    const key = ApiVersionsRequest.key ?? -1;
    await talk.askBytes(
      'versions, of a version to come',
      { apiKey: key, version: 99 },
      Buffer.from([0, 0, 0]),
      answer,
    );
    for (const version of [0, 1]) {
      for (const includeClusterAuthorizedOperations of [false, true]) {
        const flags = { includeClusterAuthorizedOperations };
        await talk.ask(
          `cluster, ${version} ${includeClusterAuthorizedOperations}`,
          DescribeCluster,
          version,
          flags,
        );
      }
    }
    for (const endpointType of [2, 0, 7]) {
      await talk.ask(`cluster by endpoints ${endpointType}`, DescribeCluster, 1, {
        includeClusterAuthorizedOperations: false,
        endpointType,
      });
    }
    await makeTopic(talk, 'stored-here', {}, 2);
    await fill(talk, 'stored-here', [3]);
    const mask = { mask: ['totalBytes', 'usableBytes'] };
    for (const version of [0, 1, 2, 3, 4]) {
      await talk.ask(`directories, ${version}`, DescribeLogDirs, version, { topics: null }, mask);
      const topics = [
        { topic: 'stored-here', partitions: [0, 7] },
        { topic: 'nowhere', partitions: [0] },
      ];
      await talk.ask(`directories, ${version}, some`, DescribeLogDirs, version, { topics }, mask);
    }
    await talk.ask('directories of nothing', DescribeLogDirs, 4, { topics: [] }, mask);
  },
};

export const configuring: Conversation = {
  name: 'configuring',
  znodes: true,
  async hold(talk) {
    await makeTopic(talk, 'set-up', { 'retention.ms': '1000', 'cleanup.policy': 'compact,delete' });
    const describe = (
      step: string,
      resourceType: number,
      resourceName: string,
      configurationKeys: string[] | null,
      { version = 4, includeSynonyms = true } = {},
    ) =>
      talk.ask(
        step,
        DescribeConfigs,
        version,
        {
          resources: [{ resourceType, resourceName, configurationKeys }],
          ...(version >= 1 ? { includeSynonyms } : {}),
        },
        // Version 0 tells of defaults; Apache's never says yes.
        { without: version === 0 ? ['documentation', 'isDefault'] : ['documentation'] },
      );
    for (const version of [0, 1, 2, 3, 4]) {
      await describe(`topic, ${version}`, Resource.TOPIC, 'set-up', ['retention.ms', 'segment.bytes'], {
        version,
      });
    }
    await describe('topic, all', Resource.TOPIC, 'set-up', null);
    await describe('topic, none', Resource.TOPIC, 'set-up', []);
    await describe('topic, unknown key', Resource.TOPIC, 'set-up', ['nonsense']);
    await describe('a strange topic', Resource.TOPIC, 'nowhere', null);
    await describe('a name that cannot be', Resource.TOPIC, 'a b', null);
    await describe('no name', Resource.TOPIC, '', null);
    await describe('broker', Resource.BROKER, '0', [
      'log.retention.hours',
      'num.partitions',
      'log.retention.ms',
    ]);
    await describe('brokers', Resource.BROKER, '', null);
    await describe('another broker', Resource.BROKER, '7', null);
    await describe('a broker by a word', Resource.BROKER, 'one', null);
    for (const type of [0, 1, 3, Resource.GROUP, 77]) await describe(`resource ${type}`, type, 'x', null);
    await describe('client metrics', Resource.CLIENT_METRICS, '', null);
    const alter = (
      step: string,
      resourceType: number,
      resourceName: string,
      configs: readonly (readonly [name: string, operation: number, value: string | null])[],
      { validateOnly = false } = {},
    ) =>
      talk.ask(step, IncrementalAlterConfigs, 1, {
        resources: [
          {
            resourceType,
            resourceName,
            configs: configs.map(([name, configOperation, value]) => ({ name, configOperation, value })),
          },
        ],
        validateOnly,
      });
    const topic = (step: string, ...configs: readonly (readonly [string, number, string | null])[]) =>
      alter(step, Resource.TOPIC, 'set-up', configs);
    await topic('set', ['retention.ms', SET, '2000']);
    await topic('set to null', ['retention.ms', SET, null]);
    await topic('set to nothing', ['retention.ms', SET, '']);
    await topic('set to a word', ['retention.ms', SET, 'long']);
    await topic('set an unknown key', ['nonsense', SET, '1']);
    await topic('delete', ['retention.ms', DELETE, null]);
    await topic('delete what is not set', ['segment.bytes', DELETE, null]);
    await topic('delete an unknown key', ['nonsense', DELETE, null]);
    await topic('append', ['cleanup.policy', APPEND, 'delete']);
    await topic('append what is no policy', ['cleanup.policy', APPEND, 'burn']);
    await topic('append to what is no list', ['retention.ms', APPEND, '1']);
    await topic('subtract', ['cleanup.policy', SUBTRACT, 'compact']);
    await topic('subtract what is not in it', ['cleanup.policy', SUBTRACT, 'compact']);
    await topic('subtract null', ['cleanup.policy', SUBTRACT, null]);
    await topic('one key twice', ['segment.ms', SET, '1000'], ['segment.ms', DELETE, null]);
    await topic('an empty key', ['', SET, '1']);
    await topic('nothing');
    await alter('validate', Resource.TOPIC, 'set-up', [['segment.ms', SET, '77000']], { validateOnly: true });
    await alter('validate what is bad', Resource.TOPIC, 'set-up', [['segment.ms', SET, 'x']], {
      validateOnly: true,
    });
    await alter('a strange topic, set', Resource.TOPIC, 'nowhere', [['segment.ms', SET, '1000']]);
    await alter('another broker, set', Resource.BROKER, '7', [['log.cleaner.threads', SET, '1']]);
    await alter('a broker by a word, set', Resource.BROKER, 'one', [['log.cleaner.threads', SET, '1']]);
    await alter('a read-only key', Resource.BROKER, '0', [['broker.id', SET, '1']]);
    await alter('a read-only key for all', Resource.BROKER, '', [['zookeeper.connect', SET, 'x:1']]);
    await alter('a key of one broker for all', Resource.BROKER, '', [['listeners', SET, 'PLAINTEXT://:1']]);
    await alter('a resource of no kind', 0, 'x', [['a', SET, '1']]);
    await describe('topic, afterwards', Resource.TOPIC, 'set-up', [
      'retention.ms',
      'cleanup.policy',
      'segment.ms',
    ]);
    const replace = (
      step: string,
      resourceName: string,
      configs: Record<string, string | null>,
      version = 2,
    ) =>
      talk.ask(step, AlterConfigs, version, {
        resources: [
          {
            resourceType: Resource.TOPIC,
            resourceName,
            configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
          },
        ],
        validateOnly: false,
      });
    for (const version of [0, 1, 2])
      await replace(`replace, ${version}`, 'set-up', { 'flush.ms': `${version + 1}` }, version);
    await replace('replace by null', 'set-up', { 'flush.ms': null });
    await replace('replace by what is bad', 'set-up', { 'flush.ms': 'x' });
    await replace('replace in a strange topic', 'nowhere', { 'flush.ms': '1' });
    await describe('topic, in the end', Resource.TOPIC, 'set-up', ['flush.ms', 'cleanup.policy']);
    const twice = { resourceType: Resource.TOPIC, resourceName: 'set-up', configs: [] };
    await talk.ask('one resource twice', IncrementalAlterConfigs, 1, {
      resources: [twice, twice],
      validateOnly: false,
    });
    await talk.ask('what a new topic has', CreateTopics, 7, {
      topics: [newTopic('newly-made', { 'segment.bytes': '1048576', 'max.message.bytes': '2000' })],
      timeoutMs: TIMEOUT_MS,
    });
  },
};

/** What is no request at all, or none that is served: the connection is closed. */
export const nonsense: Conversation = {
  name: 'nonsense',
  async hold(talk: Talk) {
    const frame = (length: number, ...bytes: number[]): Buffer => {
      const buffer = Buffer.alloc(4 + bytes.length);
      buffer.writeInt32BE(length);
      buffer.set(bytes, 4);
      return buffer;
    };
    await talk.sendRaw('a frame above the limit', frame(2_000_001));
    await talk.sendRaw('a negative frame', frame(-1));
    await talk.sendRaw('a frame of nothing', frame(0));
    await talk.sendRaw('a frame of one byte', frame(1, 0));
    await talk.sendRaw('half a header', frame(6, 0, 3, 0, 1, 0, 0));
    await talk.sendRaw('another protocol', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    for (const apiKey of [-1, 99, 0x7fff]) {
      await talk.askBytes(`key ${apiKey}`, { apiKey, version: 0 }, Buffer.alloc(4));
    }
    await talk.askBytes('metadata of a version to come', { apiKey: 3, version: 13 }, Buffer.alloc(4));
    await talk.askBytes('metadata of a negative version', { apiKey: 3, version: -1 }, Buffer.alloc(4));
    await talk.askBytes('metadata without a body', { apiKey: 3, version: 1 }, Buffer.alloc(0));
    await talk.askBytes(
      'metadata of two thousand million topics',
      { apiKey: 3, version: 1 },
      Buffer.from('7fffffff', 'hex'),
    );
    await talk.askBytes(
      'a name that is too long',
      { apiKey: 3, version: 1 },
      Buffer.from('000000017fff6161', 'hex'),
    );
    const metadata = { response: Metadata.response, version: 1 };
    await talk.askBytes(
      'metadata and more',
      { apiKey: 3, version: 1 },
      Buffer.from('0000000000ff', 'hex'),
      metadata,
    );
  },
};
