import assert from 'node:assert/strict';
import { createTopicsHandler } from '../../../src/kafka/api/19-create-topics.ts';
import { initProducerIdHandler } from '../../../src/kafka/api/22-init-producer-id.ts';
import { describeConfigsHandler } from '../../../src/kafka/api/32-describe-configs.ts';
import { alterConfigsHandler } from '../../../src/kafka/api/33-alter-configs.ts';
import { incrementalAlterConfigsHandler } from '../../../src/kafka/api/44-incremental-alter-configs.ts';
import { describeClusterHandler } from '../../../src/kafka/api/60-describe-cluster.ts';
import { ProducerIdManager } from '../../../src/kafka/api/producer-id-manager.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import {
  CreateTopicsRequest,
  CreateTopicsResponse,
} from '../../../src/wire/kafka/messages/19-create-topics.ts';
import {
  InitProducerIdRequest,
  InitProducerIdResponse,
} from '../../../src/wire/kafka/messages/22-init-producer-id.ts';
import {
  DescribeConfigsRequest,
  DescribeConfigsResponse,
} from '../../../src/wire/kafka/messages/32-describe-configs.ts';
import {
  AlterConfigsRequest,
  AlterConfigsResponse,
} from '../../../src/wire/kafka/messages/33-alter-configs.ts';
import {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from '../../../src/wire/kafka/messages/44-incremental-alter-configs.ts';
import {
  DescribeClusterRequest,
  DescribeClusterResponse,
} from '../../../src/wire/kafka/messages/60-describe-cluster.ts';
import type { Draft } from '../../../src/wire/kafka/schema/index.ts';
import { newTopic, scenario } from '../../support/kafka/admin-scenario.ts';
import { callHandler } from '../../support/kafka/call-handler.ts';

const createTopics = { request: CreateTopicsRequest, response: CreateTopicsResponse };
const describeConfigs = { request: DescribeConfigsRequest, response: DescribeConfigsResponse };
const alterConfigs = { request: AlterConfigsRequest, response: AlterConfigsResponse };
const incrementalAlter = {
  request: IncrementalAlterConfigsRequest,
  response: IncrementalAlterConfigsResponse,
};
const initProducerId = { request: InitProducerIdRequest, response: InitProducerIdResponse };
const describeCluster = { request: DescribeClusterRequest, response: DescribeClusterResponse };

scenario('the cluster is described to a client, and not as a controller', async ({ admin }) => {
  const handler = describeClusterHandler(admin);
  const found = await callHandler(handler, describeCluster, 1, {
    includeClusterAuthorizedOperations: false,
  });
  assert.deepEqual([found?.clusterId, found?.controllerId, found?.brokers.length], [admin.clusterId, 1, 1]);
  const refused = await callHandler(handler, describeCluster, 1, {
    includeClusterAuthorizedOperations: false,
    endpointType: 2,
  });
  assert.equal(refused?.errorCode, ErrorCode.MISMATCHED_ENDPOINT_TYPE);
});

scenario('producer ids are given out once, block after block', async ({ broker, zooKeeper }) => {
  const ids = new ProducerIdManager(() => broker.stores.producerIds.nextBlock(1));
  const handler = initProducerIdHandler({ producerIds: ids });
  const ask = (version: number) =>
    callHandler(handler, initProducerId, version, { transactionalId: null, transactionTimeoutMs: 1 });
  const first = await Promise.all([0, 1, 2, 3, 4, 5].map(ask));
  assert.deepEqual(
    first.map((answer) => [answer?.errorCode, answer?.producerId, answer?.producerEpoch]),
    [0n, 1n, 2n, 3n, 4n, 5n].map((id) => [0, id, 0]),
  );
  for (let i = 6; i < 1000; i++) await ids.next();
  // Another broker has taken the block behind ours.
  await broker.stores.producerIds.nextBlock(2);
  assert.equal((await ask(5))?.producerId, 2000n);
  assert.equal(
    zooKeeper.data('/latest_producer_id_block'),
    '{"version":1,"broker":1,"block_start":"2000","block_end":"2999"}',
  );
});

scenario('a transactional producer is turned away for good', async ({ broker }) => {
  const ids = new ProducerIdManager(() => broker.stores.producerIds.nextBlock(1));
  const handler = initProducerIdHandler({ producerIds: ids });
  const ask = (request: Draft<typeof InitProducerIdRequest>) =>
    callHandler(handler, initProducerId, 4, request);
  const withId = await ask({ transactionalId: 'tx', transactionTimeoutMs: 1000 });
  assert.deepEqual([withId?.errorCode, withId?.producerId], [ErrorCode.UNSUPPORTED_VERSION, -1n]);
  const half = await ask({ transactionalId: null, transactionTimeoutMs: 1000, producerId: 5n });
  assert.equal(half?.errorCode, ErrorCode.INVALID_REQUEST);
});

const topicResource = (resourceName: string) => ({ resourceType: 2, resourceName });
const brokerResource = (resourceName: string) => ({ resourceType: 4, resourceName });

scenario('configuration of a topic is altered, told of and described', async ({ admin, zooKeeper }) => {
  await callHandler(createTopicsHandler(admin), createTopics, 7, {
    topics: [newTopic('t')],
    timeoutMs: 5000,
  });
  const alter = incrementalAlterConfigsHandler(admin);
  const set = await callHandler(alter, incrementalAlter, 1, {
    resources: [
      {
        ...topicResource('t'),
        configs: [
          { name: 'retention.ms', configOperation: 0, value: '5' },
          { name: 'cleanup.policy', configOperation: 2, value: 'compact' },
        ],
      },
    ],
    validateOnly: false,
  });
  assert.deepEqual(set?.responses, [{ ...topicResource('t'), errorCode: 0, errorMessage: null }]);
  assert.equal(
    zooKeeper.data('/config/topics/t'),
    '{"version":1,"config":{"cleanup.policy":"delete,compact","retention.ms":"5"}}',
  );
  assert.equal(
    zooKeeper.data('/config/changes/config_change_0000000000'),
    '{"version":2,"entity_path":"topics/t"}',
  );
  for (const version of [0, 1, 2, 3, 4]) {
    const described = await callHandler(describeConfigsHandler(admin), describeConfigs, version, {
      resources: [{ ...topicResource('t'), configurationKeys: ['retention.ms', 'segment.bytes'] }],
    });
    const entries = described?.results[0]?.configs.map((entry) =>
      version === 0
        ? [entry.name, entry.value, entry.isDefault]
        : [entry.name, entry.value, entry.configSource],
    );
    assert.deepEqual(entries, [
      ['retention.ms', '5', version === 0 ? false : 1],
      ['segment.bytes', '1073741824', version === 0 ? true : 5],
    ]);
  }
  const replaced = await callHandler(alterConfigsHandler(admin), alterConfigs, 2, {
    resources: [{ ...topicResource('t'), configs: [{ name: 'segment.bytes', value: '1048576' }] }],
    validateOnly: false,
  });
  assert.equal(replaced?.responses[0]?.errorCode, 0);
  assert.equal(zooKeeper.data('/config/topics/t'), '{"version":1,"config":{"segment.bytes":"1048576"}}');
});

scenario(
  'a list that is appended to grows no further than a znode can hold',
  async ({ admin, zooKeeper }) => {
    await callHandler(createTopicsHandler(admin), createTopics, 7, {
      topics: [newTopic('t')],
      timeoutMs: 5000,
    });
    const alter = incrementalAlterConfigsHandler(admin);
    // One value is no longer than 32 KiB; the list of all of them is.
    const append = async (number: number) => {
      const value = Array.from({ length: 3000 }, (_, index) => `${number * 3000 + index}:0`).join(',');
      const configs = [{ name: 'leader.replication.throttled.replicas', configOperation: 2, value }];
      const answer = await callHandler(alter, incrementalAlter, 1, {
        resources: [{ ...topicResource('t'), configs }],
        validateOnly: false,
      });
      return answer?.responses[0];
    };
    let taken = 0;
    let answer = await append(taken);
    while (answer?.errorCode === ErrorCode.NONE && taken < 100) answer = await append(++taken);
    assert.equal(answer?.errorCode, ErrorCode.INVALID_CONFIG);
    assert.match(answer.errorMessage ?? '', /does not fit into a znode/);
    const bytes = zooKeeper.data('/config/topics/t')?.length ?? 0;
    assert.ok(bytes > 900_000 && bytes <= 1_000_000, `${bytes} bytes are stored`);
  },
);

scenario('alterations that are refused leave nothing behind', async ({ admin, zooKeeper }) => {
  await callHandler(createTopicsHandler(admin), createTopics, 7, {
    topics: [newTopic('t')],
    timeoutMs: 5000,
  });
  const before = zooKeeper.dump();
  const alter = (resourceType: number, resourceName: string, name: string, value: string) =>
    callHandler(incrementalAlterConfigsHandler(admin), incrementalAlter, 1, {
      resources: [{ resourceType, resourceName, configs: [{ name, configOperation: 0, value }] }],
      validateOnly: false,
    });
  const cases: readonly [Parameters<typeof alter>, number, RegExp][] = [
    [[2, 'none', 'retention.ms', '1'], ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, /'none' does not exist/],
    [[2, '', 'retention.ms', '1'], ErrorCode.INVALID_REQUEST, /Default topic resources are not allowed/],
    [[2, 't', 'retention.ms', 'x'], ErrorCode.INVALID_CONFIG, /Invalid config value for resource/],
    [[4, '7', 'log.cleaner.threads', '1'], ErrorCode.INVALID_REQUEST, /expected 1, but received 7/],
    [
      [4, 'x', 'log.cleaner.threads', '1'],
      ErrorCode.INVALID_REQUEST,
      /Node id must be an integer, but it is: x/,
    ],
    [[4, '1', 'broker.id', '7'], ErrorCode.INVALID_REQUEST, /Cannot update these configs dynamically/],
    [[8, '1', 'kafka', 'DEBUG'], ErrorCode.INVALID_REQUEST, /Unknown resource type 8/],
  ];
  for (const [call, code, message] of cases) {
    const result = await alter(...call);
    assert.equal(result?.responses[0]?.errorCode, code, call.join(' '));
    assert.match(result?.responses[0]?.errorMessage ?? '', message);
  }
  assert.deepEqual(zooKeeper.dump(), before);
});

scenario('defaults of all brokers are stored apart from those of one', async ({ admin, zooKeeper }) => {
  const result = await callHandler(alterConfigsHandler(admin), alterConfigs, 2, {
    resources: [
      { ...brokerResource(''), configs: [{ name: 'log.retention.ms', value: '99999999' }] },
      { ...brokerResource('1'), configs: [{ name: 'log.cleaner.threads', value: '2' }] },
    ],
    validateOnly: false,
  });
  assert.deepEqual(
    result?.responses.map(({ errorCode }) => errorCode),
    [0, 0],
  );
  assert.equal(
    zooKeeper.data('/config/brokers/<default>'),
    '{"version":1,"config":{"log.retention.ms":"99999999"}}',
  );
  assert.equal(
    zooKeeper.data('/config/changes/config_change_0000000000'),
    '{"version":2,"entity_path":"brokers/<default>"}',
  );
  assert.equal(zooKeeper.data('/config/brokers/1'), '{"version":1,"config":{"log.cleaner.threads":"2"}}');
});

scenario('a resource named twice is refused each time', async ({ admin }) => {
  const resource = { ...brokerResource('1'), configs: [{ name: 'log.cleaner.threads', value: '2' }] };
  const result = await callHandler(alterConfigsHandler(admin), alterConfigs, 2, {
    resources: [resource, resource],
    validateOnly: true,
  });
  assert.deepEqual(
    result?.responses.map(({ errorMessage }) => errorMessage),
    ['Each resource must appear at most once.', 'Each resource must appear at most once.'],
  );
});
