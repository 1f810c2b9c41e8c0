import { ZERO_UUID } from '../../../../src/wire/kafka/schema/index.ts';
import type { Conversation } from '../conversation.ts';
import { CreatePartitions, CreateTopics, DeleteTopics, Metadata } from '../pairs.ts';
import type { Talk } from '../talk.ts';
import { makeTopic, newTopic, TIMEOUT_MS } from './common.ts';

type Draft = ReturnType<typeof newTopic>;

function assigned(name: string, lists: Readonly<Record<number, readonly number[]>>) {
  const assignments = Object.entries(lists).map(([partition, brokerIds]) => ({
    partitionIndex: Number(partition),
    brokerIds: [...brokerIds],
  }));
  return { ...newTopic(name), numPartitions: -1, replicationFactor: -1, assignments };
}

/** Topics that may, and mostly may not, be created. */
const creations: readonly (readonly [step: string, topics: readonly unknown[]])[] = [
  ['plain', [newTopic('made')]],
  ['again', [newTopic('made')]],
  ['broker defaults', [{ ...newTopic('made-default'), numPartitions: -1, replicationFactor: -1 }]],
  ['no name', [newTopic('')]],
  ['a dot', [newTopic('.')]],
  ['two dots', [newTopic('..')]],
  ['a space', [newTopic('a b')]],
  ['a slash', [newTopic('a/b')]],
  ['249 characters', [newTopic('x'.repeat(249))]],
  ['250 characters', [newTopic('x'.repeat(250))]],
  ['a name that collides', [newTopic('with.dot')]],
  ['the other name', [newTopic('with_dot')]],
  ['no partitions', [{ ...newTopic('zero'), numPartitions: 0 }]],
  ['-2 partitions', [{ ...newTopic('minus'), numPartitions: -2 }]],
  ['no replicas', [{ ...newTopic('zero'), replicationFactor: 0 }]],
  ['-2 replicas', [{ ...newTopic('minus'), replicationFactor: -2 }]],
  ['more replicas than brokers', [{ ...newTopic('many'), replicationFactor: 2 }]],
  ['the same twice', [newTopic('twice'), newTopic('twice')]],
  ['the same twice and another', [newTopic('twice'), newTopic('twice'), newTopic('beside-twice')]],
  ['metadata log', [newTopic('__cluster_metadata')]],
  ['offsets', [newTopic('__consumer_offsets', {}, 3)]],
  ['assigned', [assigned('by-hand', { 0: [0], 1: [0] })]],
  ['assigned with counts', [{ ...assigned('counts', { 0: [0] }), numPartitions: 1 }]],
  ['assigned with a factor', [{ ...assigned('counts', { 0: [0] }), replicationFactor: 1 }]],
  ['assigned to a stranger', [assigned('stranger', { 0: [7] })]],
  ['assigned to one broker twice', [assigned('doubled', { 0: [0, 0] })]],
  ['assigned to nobody', [assigned('nobody', { 0: [] })]],
  ['assigned with a gap', [assigned('gap', { 0: [0], 2: [0] })]],
  ['assigned from 1 on', [assigned('from-one', { 1: [0] })]],
  ['assigned with different factors', [assigned('uneven', { 0: [0], 1: [0, 7] })]],
  [
    'one partition assigned twice',
    [
      {
        ...newTopic('again'),
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [
          { partitionIndex: 0, brokerIds: [0] },
          { partitionIndex: 0, brokerIds: [0] },
        ],
      },
    ],
  ],
  ['configured', [newTopic('configured', { 'retention.ms': '5', 'cleanup.policy': 'compact,delete' })]],
  ['an unknown configuration', [newTopic('odd', { nonsense: '1' })]],
  ['a bad value', [newTopic('odd', { 'retention.ms': 'many' })]],
  ['a value out of range', [newTopic('odd', { 'segment.bytes': '1' })]],
  ['a configuration of null', [newTopic('odd', { 'retention.ms': null })]],
  [
    'a configuration twice',
    [
      {
        ...newTopic('odd-twice'),
        configs: [
          { name: 'retention.ms', value: '5' },
          { name: 'retention.ms', value: '6' },
        ],
      },
    ],
  ],
  [
    'lag limits that contradict',
    [newTopic('odd', { 'min.compaction.lag.ms': '9', 'max.compaction.lag.ms': '8' })],
  ],
  ['min.insync.replicas of 0', [newTopic('odd', { 'min.insync.replicas': '0' })]],
  ['none at all', []],
];

/** Their partitions get no leader, so that the answer is late. */
const leaderless = new Set(['creates: assigned to a stranger', 'creates: assigned to nobody']);

async function create(
  talk: Talk,
  step: string,
  version: number,
  topics: readonly unknown[],
  validateOnly: boolean,
) {
  // The table holds what CreateTopics takes; written out as a type it would hide the cases.
  const draft = {
    topics: topics as Draft[],
    timeoutMs: leaderless.has(step) ? 300 : TIMEOUT_MS,
    ...(validateOnly ? { validateOnly } : {}),
  };
  await talk.ask(step, CreateTopics, version, draft, { without: ['configs'] });
}

export const creatingTopics: Conversation = {
  name: 'creating-topics',
  znodes: true,
  async hold(talk) {
    for (const [step, topics] of creations) await create(talk, `would create: ${step}`, 7, topics, true);
    for (const [step, topics] of creations) await create(talk, `creates: ${step}`, 7, topics, false);
    for (const version of [0, 1, 2, 3, 4, 5, 6]) {
      await create(talk, `version ${version}`, version, [newTopic(`of-version-${version}`)], false);
      await create(talk, `version ${version}, the same`, version, [newTopic(`of-version-${version}`)], false);
    }
    for (const version of [3, 4]) {
      const topics = [{ ...newTopic(`default-of-${version}`), numPartitions: -1, replicationFactor: -1 }];
      await create(talk, `version ${version}, broker defaults`, version, topics, false);
    }
    const described = { topics: [newTopic('described', { 'retention.ms': '5' })], timeoutMs: TIMEOUT_MS };
    await talk.ask('with all its configurations', CreateTopics, 5, described);
    const impatient = { topics: [newTopic('impatient')], timeoutMs: 0 };
    await talk.ask('without patience', CreateTopics, 7, impatient, { without: ['configs'] });
    await talk.ask(
      'less than no patience',
      CreateTopics,
      7,
      { ...impatient, timeoutMs: -1 },
      { without: ['configs'] },
    );
  },
};

export const growingTopics: Conversation = {
  name: 'growing-topics',
  znodes: true,
  async hold(talk) {
    await makeTopic(talk, 'growing', {}, 2);
    const grow = (
      step: string,
      name: string,
      count: number,
      assignments: readonly (readonly number[])[] | null = null,
      { version = 3, validateOnly = false, timeoutMs = TIMEOUT_MS } = {},
    ) =>
      talk.ask(step, CreatePartitions, version, {
        topics: [
          {
            name,
            count,
            assignments: assignments?.map((brokerIds) => ({ brokerIds: [...brokerIds] })) ?? null,
          },
        ],
        timeoutMs,
        validateOnly,
      });
    await grow('to 3, only asking', 'growing', 3, null, { validateOnly: true });
    for (const version of [0, 1, 2, 3])
      await grow(`to ${3 + version}`, 'growing', 3 + version, null, { version });
    await grow('to as many', 'growing', 6);
    await grow('to fewer', 'growing', 1);
    await grow('to none', 'growing', 0);
    await grow('to -1', 'growing', -1);
    await grow('a stranger', 'nowhere', 3);
    await grow('a name that cannot be', 'a b', 3);
    await grow('by hand', 'growing', 7, [[0]]);
    await grow('by hand, too few', 'growing', 9, [[0]]);
    await grow('by hand, too many', 'growing', 8, [[0], [0]]);
    await grow('by hand, a strange broker', 'growing', 8, [[9]]);
    await grow('by hand, nobody', 'growing', 8, [[]]);
    await grow('by hand, one broker twice', 'growing', 8, [[0, 0]]);
    await grow('by hand, none given', 'growing', 8, []);
    await grow('by hand, another factor', 'growing', 8, [[0, 9]]);
    await grow('without patience', 'growing', 8, null, { timeoutMs: 0 });
    const twice = { name: 'growing', count: 9, assignments: null };
    await talk.ask('twice in one request', CreatePartitions, 3, {
      topics: [twice, twice, { ...twice, name: 'nowhere' }],
      timeoutMs: TIMEOUT_MS,
      validateOnly: false,
    });
  },
};

export const deletingTopics: Conversation = {
  name: 'deleting-topics',
  znodes: true,
  async hold(talk) {
    for (const version of [0, 1, 2, 3, 4, 5]) {
      await makeTopic(talk, `goes-${version}`);
      const draft = { topicNames: [`goes-${version}`, 'nowhere'], timeoutMs: TIMEOUT_MS };
      await talk.ask(`version ${version}`, DeleteTopics, version, draft);
      await talk.ask(`version ${version}, gone already`, DeleteTopics, version, draft);
    }
    const id = await makeTopic(talk, 'goes-by-id');
    const strange = 'AAAAAAAAAAAAAAAAAAAAAQ';
    const drop = (
      step: string,
      topics: readonly { name: string | null; topicId?: string }[],
      timeoutMs = TIMEOUT_MS,
    ) =>
      talk.ask(step, DeleteTopics, 6, {
        topics: topics.map(({ name, topicId = ZERO_UUID }) => ({ name, topicId })),
        timeoutMs,
      });
    await drop('by id', [{ name: null, topicId: id }]);
    await drop('by a strange id', [{ name: null, topicId: strange }]);
    await drop('by neither', [{ name: null }]);
    await makeTopic(talk, 'goes-twice');
    await drop('by both', [{ name: 'goes-twice', topicId: strange }]);
    await drop('one name twice', [{ name: 'goes-twice' }, { name: 'goes-twice' }]);
    await drop('a name that cannot be', [{ name: 'a b' }]);
    await drop('nothing', []);
    const both = await makeTopic(talk, 'goes-by-name-and-id');
    await drop('by name, and by id', [{ name: 'goes-by-name-and-id' }, { name: null, topicId: both }]);
    await drop('by id, long gone', [{ name: null, topicId: id }]);
    await makeTopic(talk, 'goes-impatiently');
    await drop('without patience', [{ name: 'goes-impatiently' }], 0);
  },
};

export const metadata: Conversation = {
  name: 'metadata',
  async hold(talk) {
    const id = await makeTopic(talk, 'looked-up', {}, 2);
    const names = (...list: string[]) => list.map((name) => ({ name }));
    for (let version = 0; version <= 12; version++) {
      const flags = {
        ...(version >= 4 ? { allowAutoTopicCreation: false } : {}),
        ...(version >= 8 ? { includeTopicAuthorizedOperations: true } : {}),
        ...(version >= 8 && version <= 10 ? { includeClusterAuthorizedOperations: true } : {}),
      };
      await talk.ask(`version ${version}`, Metadata, version, { topics: names('looked-up'), ...flags });
      if (version < 4) continue;
      const unknown = names('nowhere', 'a b', '', '.', 'x'.repeat(250));
      await talk.ask(`version ${version}, unknown`, Metadata, version, { topics: unknown, ...flags });
      await talk.ask(`version ${version}, no topic`, Metadata, version, { topics: [], ...flags });
    }
    const still = { allowAutoTopicCreation: false };
    for (const version of [10, 12]) {
      await talk.ask(`by id, ${version}`, Metadata, version, {
        topics: [{ topicId: id, name: null }],
        ...still,
      });
    }
    const strange = 'AAAAAAAAAAAAAAAAAAAAAQ';
    await talk.ask('by a strange id', Metadata, 12, { topics: [{ topicId: strange, name: null }], ...still });
    await talk.ask('by both', Metadata, 12, { topics: [{ topicId: id, name: 'looked-up' }], ...still });
    const mixed = [{ topicId: id, name: null }, { name: 'nowhere' }];
    await talk.ask('some by id, some by name', Metadata, 12, { topics: mixed, ...still });
    await talk.ask('one twice', Metadata, 12, { topics: names('looked-up', 'looked-up'), ...still });
    await talk.ask('made on the way', Metadata, 12, { topics: names('auto-made', 'not a name') });
    await talk.until(
      Metadata,
      12,
      { topics: names('auto-made'), ...still },
      ({ topics: [topic] }) =>
        topic?.errorCode === 0 && topic.partitions.every(({ leaderId }) => leaderId === 0),
    );
    await talk.ask('made on the way, later', Metadata, 12, { topics: names('auto-made') });
    await talk.ask('made on the way by version 3', Metadata, 3, { topics: names('auto-made-too') });
    await talk.ask('made on the way, internal', Metadata, 9, { topics: names('__transaction_state') });
  },
};
