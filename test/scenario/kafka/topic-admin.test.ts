import assert from 'node:assert/strict';
import { metadataHandler } from '../../../src/kafka/api/03-metadata.ts';
import { createTopicsHandler } from '../../../src/kafka/api/19-create-topics.ts';
import { deleteTopicsHandler } from '../../../src/kafka/api/20-delete-topics.ts';
import { createPartitionsHandler } from '../../../src/kafka/api/37-create-partitions.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { MetadataRequest, MetadataResponse } from '../../../src/wire/kafka/messages/03-metadata.ts';
import {
  CreateTopicsRequest,
  CreateTopicsResponse,
} from '../../../src/wire/kafka/messages/19-create-topics.ts';
import {
  DeleteTopicsRequest,
  DeleteTopicsResponse,
} from '../../../src/wire/kafka/messages/20-delete-topics.ts';
import {
  CreatePartitionsRequest,
  CreatePartitionsResponse,
} from '../../../src/wire/kafka/messages/37-create-partitions.ts';
import type { Draft } from '../../../src/wire/kafka/schema/index.ts';
import { adminOf } from '../../support/kafka/admin-broker.ts';
import { type NewTopicDraft, newTopic, scenario } from '../../support/kafka/admin-scenario.ts';
import { callHandler } from '../../support/kafka/call-handler.ts';

const createTopics = { request: CreateTopicsRequest, response: CreateTopicsResponse };
const deleteTopics = { request: DeleteTopicsRequest, response: DeleteTopicsResponse };
const createPartitions = { request: CreatePartitionsRequest, response: CreatePartitionsResponse };
const metadata = { request: MetadataRequest, response: MetadataResponse };

for (const version of [0, 1, 2, 4, 5, 7]) {
  scenario(
    `a topic is created, grown and deleted by the oldest and newest messages (${version})`,
    async (parts) => {
      const { admin, zooKeeper } = parts;
      const created = await callHandler(createTopicsHandler(admin), createTopics, version, {
        topics: [
          newTopic('orders', { numPartitions: 2, configs: [{ name: 'retention.ms', value: '1000' }] }),
        ],
        timeoutMs: 5000,
      });
      assert.equal(created?.topics[0]?.errorCode, ErrorCode.NONE);
      assert.equal(zooKeeper.data('/config/topics/orders'), '{"version":1,"config":{"retention.ms":"1000"}}');
      if (version >= 5) {
        assert.equal(created?.topics[0]?.numPartitions, 2);
        const retention = created?.topics[0]?.configs?.find((entry) => entry.name === 'retention.ms');
        assert.deepEqual([retention?.value, retention?.configSource], ['1000', 1]);
      }
      const id = admin.metadata.image.topic('orders')?.id;
      if (version >= 7) assert.equal(created?.topics[0]?.topicId, id);

      const grown = await callHandler(
        createPartitionsHandler(admin),
        createPartitions,
        Math.min(version, 3),
        {
          topics: [{ name: 'orders', count: 3, assignments: null }],
          timeoutMs: 5000,
          validateOnly: false,
        },
      );
      assert.deepEqual(grown?.results, [{ name: 'orders', errorCode: 0, errorMessage: null }]);
      assert.equal(admin.metadata.image.topic('orders')?.partitions.size, 3);

      const gone = await callHandler(deleteTopicsHandler(admin), deleteTopics, Math.min(version, 6), {
        ...(version >= 6
          ? { topics: [{ name: null, topicId: id ?? '' }] }
          : { topics: [], topicNames: ['orders'] }),
        timeoutMs: 5000,
      });
      assert.equal(gone?.responses[0]?.errorCode, ErrorCode.NONE);
      assert.equal(gone?.responses[0]?.name, 'orders');
      assert.equal(admin.metadata.image.topic('orders'), undefined);
    },
  );
}

scenario(
  'what cannot be created is refused with the codes and words of Kafka',
  async ({ admin, zooKeeper }) => {
    const create = createTopicsHandler(admin);
    await callHandler(create, createTopics, 7, { topics: [newTopic('a.b')], timeoutMs: 5000 });
    const before = zooKeeper.dump();
    const cases: readonly [NewTopicDraft, number, RegExp][] = [
      [newTopic('a.b'), ErrorCode.TOPIC_ALREADY_EXISTS, /^Topic 'a\.b' already exists\.$/],
      [
        newTopic('a_b'),
        ErrorCode.INVALID_TOPIC_EXCEPTION,
        /^Topic 'a_b' collides with existing topics: a\.b$/,
      ],
      [newTopic(''), ErrorCode.INVALID_TOPIC_EXCEPTION, /the empty string is not allowed/],
      [newTopic('..'), ErrorCode.INVALID_TOPIC_EXCEPTION, /'\.\.' is not allowed/],
      [
        newTopic('x'.repeat(250)),
        ErrorCode.INVALID_TOPIC_EXCEPTION,
        /longer than the max allowed length 249/,
      ],
      [
        newTopic('a b'),
        ErrorCode.INVALID_TOPIC_EXCEPTION,
        /contains one or more characters other than ASCII/,
      ],
      [newTopic('t', { numPartitions: 0 }), ErrorCode.INVALID_PARTITIONS, /must be larger than 0/],
      [
        newTopic('t', { replicationFactor: 0 }),
        ErrorCode.INVALID_REPLICATION_FACTOR,
        /must be larger than 0/,
      ],
      [
        newTopic('t', { replicationFactor: 2 }),
        ErrorCode.INVALID_REPLICATION_FACTOR,
        /^Replication factor: 2 larger than available brokers: 1\.$/,
      ],
      [
        newTopic('t', { assignments: [{ partitionIndex: 0, brokerIds: [1] }] }),
        ErrorCode.INVALID_REQUEST,
        /Both cannot be used at the same time/,
      ],
      [
        newTopic('t', {
          numPartitions: -1,
          replicationFactor: -1,
          assignments: [{ partitionIndex: 1, brokerIds: [1] }],
        }),
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        /consecutive 0-based integer sequence/,
      ],
      [
        newTopic('t', {
          numPartitions: -1,
          replicationFactor: -1,
          assignments: [{ partitionIndex: 0, brokerIds: [1, 1] }],
        }),
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        /Duplicate replica assignment found/,
      ],
      [
        newTopic('t', { configs: [{ name: 'no.such.key', value: '1' }] }),
        ErrorCode.INVALID_CONFIG,
        /^Unknown topic config name: no\.such\.key$/,
      ],
      [
        newTopic('t', { configs: [{ name: 'retention.ms', value: null }] }),
        ErrorCode.INVALID_CONFIG,
        /^Null value not supported for topic configs: retention\.ms$/,
      ],
      [
        newTopic('t', { configs: [{ name: 'retention.ms', value: 'x' }] }),
        ErrorCode.INVALID_CONFIG,
        /Invalid value x for configuration retention\.ms/,
      ],
      [newTopic('__cluster_metadata'), ErrorCode.INVALID_REQUEST, /is prohibited/],
    ];
    for (const [topic, code, message] of cases) {
      const result = await callHandler(create, createTopics, 7, { topics: [topic], timeoutMs: 5000 });
      assert.equal(result?.topics[0]?.errorCode, code, topic.name);
      assert.match(result?.topics[0]?.errorMessage ?? '', message);
    }
    assert.deepEqual(zooKeeper.dump(), before);
  },
);

scenario('a topic named twice in a request is created not at all', async ({ admin, zooKeeper }) => {
  const result = await callHandler(createTopicsHandler(admin), createTopics, 7, {
    topics: [newTopic('twice'), newTopic('twice', { numPartitions: 2 })],
    timeoutMs: 5000,
  });
  assert.deepEqual(
    result?.topics.map(({ name, errorCode, errorMessage }) => [name, errorCode, errorMessage]),
    Array.from({ length: 2 }, () => [
      'twice',
      ErrorCode.INVALID_REQUEST,
      'Found multiple entries for this topic.',
    ]),
  );
  assert.equal(zooKeeper.data('/brokers/topics/twice'), undefined);
});

scenario(
  'more partitions than a znode can hold are refused before they are made',
  async ({ admin, zooKeeper }) => {
    const before = zooKeeper.dump();
    for (const numPartitions of [100_000, 0x7fff_ffff]) {
      const result = await callHandler(createTopicsHandler(admin), createTopics, 7, {
        topics: [newTopic('vast', { numPartitions })],
        timeoutMs: 5000,
      });
      assert.equal(result?.topics[0]?.errorCode, ErrorCode.INVALID_PARTITIONS);
    }
    assert.deepEqual(zooKeeper.dump(), before);
    await callHandler(createTopicsHandler(admin), createTopics, 7, {
      topics: [newTopic('small')],
      timeoutMs: 5000,
    });
    const grown = await callHandler(createPartitionsHandler(admin), createPartitions, 3, {
      topics: [
        { name: 'small', count: 0x7fff_ffff, assignments: null },
        { name: 'no\u0000name', count: 2, assignments: null },
      ],
      timeoutMs: 5000,
      validateOnly: false,
    });
    assert.deepEqual(
      grown?.results.map(({ errorCode }) => errorCode),
      [ErrorCode.INVALID_PARTITIONS, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    );
  },
);

scenario('validateOnly says what would be and changes nothing', async ({ admin, zooKeeper }) => {
  const before = zooKeeper.dump();
  const result = await callHandler(createTopicsHandler(admin), createTopics, 7, {
    topics: [newTopic('t', { numPartitions: -1, replicationFactor: -1 })],
    timeoutMs: 5000,
    validateOnly: true,
  });
  assert.deepEqual(
    [result?.topics[0]?.errorCode, result?.topics[0]?.numPartitions, result?.topics[0]?.replicationFactor],
    [0, 3, 1],
  );
  assert.deepEqual(zooKeeper.dump(), before);
});

scenario('without time to wait the topic is created all the same, and the answer says so', async (parts) => {
  const { admin, sim } = parts;
  const result = await callHandler(createTopicsHandler(admin), createTopics, 7, {
    topics: [newTopic('t')],
    timeoutMs: 0,
  });
  assert.equal(result?.topics[0]?.errorCode, ErrorCode.REQUEST_TIMED_OUT);
  await sim.advance(100);
  assert.notEqual(admin.metadata.image.topic('t'), undefined);
});

scenario('only the controller changes topics', async ({ cluster, sim }) => {
  const other = await cluster.start(2);
  await sim.advance(100);
  const admin = adminOf(other, sim.host('cluster').env);
  const result = await callHandler(createTopicsHandler(admin), createTopics, 7, {
    topics: [newTopic('t')],
    timeoutMs: 5000,
  });
  assert.equal(result?.topics[0]?.errorCode, ErrorCode.NOT_CONTROLLER);
  const gone = await callHandler(deleteTopicsHandler(admin), deleteTopics, 6, {
    topics: [{ name: 't', topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }],
    timeoutMs: 5000,
  });
  assert.equal(gone?.responses[0]?.errorCode, ErrorCode.NOT_CONTROLLER);
});

scenario('partitions cannot be added to what is not there, nor taken away', async ({ admin }) => {
  await callHandler(createTopicsHandler(admin), createTopics, 7, {
    topics: [newTopic('t', { numPartitions: 2 })],
    timeoutMs: 5000,
  });
  const grow = (name: string, count: number, assignments: { brokerIds: number[] }[] | null = null) =>
    callHandler(createPartitionsHandler(admin), createPartitions, 3, {
      topics: [{ name, count, assignments }],
      timeoutMs: 5000,
      validateOnly: false,
    });
  const cases: readonly [Parameters<typeof grow>, number, string][] = [
    [['none', 3], ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "The topic 'none' does not exist."],
    [['t', 2], ErrorCode.INVALID_PARTITIONS, 'Topic already has 2 partitions.'],
    [
      ['t', 1],
      ErrorCode.INVALID_PARTITIONS,
      'Topic currently has 2 partitions, which is higher than the requested 1.',
    ],
    [
      ['t', 3, [{ brokerIds: [9] }]],
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      'Unknown broker(s) in replica assignment: 9.',
    ],
    [
      ['t', 4, [{ brokerIds: [1] }]],
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      'Increasing the number of partitions by 2 but 1 assignments provided.',
    ],
    [
      ['t', 3, [{ brokerIds: [] }]],
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      'Cannot have replication factor of 0 for partition id 2.',
    ],
  ];
  for (const [call, code, message] of cases) {
    assert.deepEqual((await grow(...call))?.results, [
      { name: call[0], errorCode: code, errorMessage: message },
    ]);
  }
  assert.equal((await grow('t', 3, [{ brokerIds: [1] }]))?.results[0]?.errorCode, ErrorCode.NONE);
});

scenario('deleting what does not exist', async ({ admin }) => {
  const unknownId = 'Bjv0gMjFRrS1EkfKZmOutg';
  const result = await callHandler(deleteTopicsHandler(admin), deleteTopics, 6, {
    topics: [
      { name: 'none', topicId: 'AAAAAAAAAAAAAAAAAAAAAA' },
      { name: null, topicId: unknownId },
    ],
    timeoutMs: 5000,
  });
  assert.deepEqual(
    result?.responses.map(({ name, errorCode }) => [name, errorCode]),
    [
      ['none', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
      [null, ErrorCode.UNKNOWN_TOPIC_ID],
    ],
  );
});

for (const version of [0, 1, 4, 8, 10, 12]) {
  scenario(
    `metadata of an unknown topic creates it, and then shows it (${version})`,
    async ({ admin, sim }) => {
      const handler = metadataHandler(admin);
      const ask = () => callHandler(handler, metadata, version, { topics: [{ name: 'auto' }] });
      const first = await ask();
      assert.equal(first?.topics[0]?.errorCode, ErrorCode.LEADER_NOT_AVAILABLE);
      await sim.advance(100);
      const second = await ask();
      assert.equal(second?.topics[0]?.errorCode, ErrorCode.NONE);
      assert.deepEqual(
        second?.topics[0]?.partitions.map((each) => [each.partitionIndex, each.leaderId, each.replicaNodes]),
        [
          [0, 1, [1]],
          [1, 1, [1]],
          [2, 1, [1]],
        ],
      );
      assert.deepEqual(second?.brokers, [{ nodeId: 1, host: '127.0.0.1', port: 9091, rack: null }]);
      if (version >= 1) assert.equal(second?.controllerId, 1);
      if (version >= 10) assert.equal(second?.topics[0]?.topicId, admin.metadata.image.topic('auto')?.id);
    },
  );
}

scenario(
  'internal topics are created with their own settings and marked',
  async ({ admin, sim, zooKeeper }) => {
    const handler = metadataHandler(admin);
    const request = { topics: [{ name: '__consumer_offsets' }] };
    const first = await callHandler(handler, metadata, 12, request);
    assert.deepEqual(
      [first?.topics[0]?.errorCode, first?.topics[0]?.isInternal],
      [ErrorCode.LEADER_NOT_AVAILABLE, true],
    );
    await sim.advance(500);
    const second = await callHandler(handler, metadata, 12, request);
    assert.deepEqual([second?.topics[0]?.partitions.length, second?.topics[0]?.isInternal], [50, true]);
    assert.equal(
      zooKeeper.data('/config/topics/__consumer_offsets'),
      '{"version":1,"config":{"cleanup.policy":"compact"}}',
    );
  },
);

scenario(
  'nothing is created when the client does not allow it, or the name is bad',
  async ({ admin, zooKeeper }) => {
    const before = zooKeeper.dump();
    const result = await callHandler(metadataHandler(admin), metadata, 12, {
      topics: [{ name: 'no' }, { name: 'bad name' }],
      allowAutoTopicCreation: false,
    });
    assert.deepEqual(
      result?.topics.map(({ name, errorCode }) => [name, errorCode]),
      [
        ['no', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
        ['bad name', ErrorCode.INVALID_TOPIC_EXCEPTION],
      ],
    );
    const bad = await callHandler(metadataHandler(admin), metadata, 12, { topics: [{ name: 'bad name' }] });
    assert.equal(bad?.topics[0]?.errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION);
    assert.deepEqual(zooKeeper.dump(), before);
  },
);

scenario(
  'nothing is created when the broker does not allow it',
  async ({ admin }) => {
    const result = await callHandler(metadataHandler(admin), metadata, 3, { topics: [{ name: 'no' }] });
    assert.equal(result?.topics[0]?.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  },
  { 'auto.create.topics.enable': 'false' },
);

scenario('metadata of all topics, of none and by id', async ({ admin }) => {
  await callHandler(createTopicsHandler(admin), createTopics, 7, {
    topics: [newTopic('a'), newTopic('b')],
    timeoutMs: 5000,
  });
  const handler = metadataHandler(admin);
  const names = async (version: number, request: Draft<typeof MetadataRequest>) =>
    (await callHandler(handler, metadata, version, request))?.topics.map(({ name }) => name).sort();
  assert.deepEqual(await names(0, { topics: [] }), ['a', 'b']);
  assert.deepEqual(await names(1, { topics: [] }), []);
  assert.deepEqual(await names(1, { topics: null }), ['a', 'b']);
  const topicId = admin.metadata.image.topic('b')?.id ?? '';
  const unknown = 'Bjv0gMjFRrS1EkfKZmOutg';
  const byId = await callHandler(handler, metadata, 12, {
    topics: [
      { name: null, topicId },
      { name: null, topicId: unknown },
    ],
  });
  assert.deepEqual(
    byId?.topics.map((topic) => [topic.name, topic.topicId, topic.errorCode]),
    [
      ['b', topicId, 0],
      [null, unknown, ErrorCode.UNKNOWN_TOPIC_ID],
    ],
  );
  const tooOld = await callHandler(handler, metadata, 11, { topics: [{ name: null, topicId }] });
  assert.deepEqual(
    tooOld?.topics.map(({ errorCode }) => errorCode),
    [ErrorCode.INVALID_REQUEST],
  );
});

scenario('operations are told to those who ask', async ({ admin }) => {
  const ask = (includeClusterAuthorizedOperations: boolean) =>
    callHandler(metadataHandler(admin), metadata, 9, { topics: [], includeClusterAuthorizedOperations });
  assert.equal((await ask(true))?.clusterAuthorizedOperations, 8096);
  assert.equal((await ask(false))?.clusterAuthorizedOperations, -0x8000_0000);
});
