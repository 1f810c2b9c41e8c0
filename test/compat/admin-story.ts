import assert from 'node:assert/strict';
import type { Admin } from '../../src/clients/kafka/admin/admin.ts';
import type { Cluster } from '../../src/clients/kafka/cluster/cluster.ts';
import { isKafkaError, KafkaError } from '../../src/clients/kafka/kafka-error.ts';
import {
  InitProducerIdRequest,
  InitProducerIdResponse,
} from '../../src/wire/kafka/messages/22-init-producer-id.ts';
import {
  AddPartitionsToTxnRequest,
  AddPartitionsToTxnResponse,
} from '../../src/wire/kafka/messages/24-add-partitions-to-txn.ts';
import { joinClassicGroup, joinConsumerGroup, joinShareGroup } from '../support/kafka/group-members.ts';

/** What the brokers of a story serve; what they do not has to be refused by its name. */
export interface Served {
  readonly acls: boolean;
  readonly tokens: boolean;
  readonly transactions: boolean;
  /** Groups of KIP-848. */
  readonly newGroups: boolean;
  readonly shareGroups: boolean;
  /** No ZooKeeper. */
  readonly kraft: boolean;
}

export interface Stage {
  readonly admin: Admin;
  /** For what an admin client does not do: members of groups, producers. */
  readonly cluster: Cluster;
  readonly served: Served;
  /** A topic of its own for each run. */
  readonly topic: string;
}

export const isCode =
  (...codes: KafkaError['code'][]) =>
  (error: unknown): boolean =>
    codes.some((code) => isKafkaError(error, code));

/** Waits until something has come through; the brokers of a cluster hear of changes one after the other. */
export async function eventually<T>(ask: () => Promise<T>, isThere: (value: T) => boolean): Promise<T> {
  const endMs = Date.now() + 20_000;
  for (;;) {
    const value = await ask();
    if (isThere(value)) return value;
    assert.ok(Date.now() < endMs, `not in time: ${JSON.stringify(value)}`);
  }
}

/** Resolves where the brokers serve an API; otherwise the call has to be refused by its name. */
async function ifServed(isServed: boolean, call: () => Promise<unknown>): Promise<void> {
  if (isServed) await call();
  else await assert.rejects(call(), isCode('UNSUPPORTED'));
}

export async function topicsAndConfigs({ admin, topic, served }: Stage): Promise<void> {
  const created = await admin.createTopics([
    { name: topic, partitions: 2, replicationFactor: 1, configs: { 'retention.ms': '3600000' } },
  ]);
  assert.equal(created.get(topic)?.partitions, 2);
  assert.equal(created.get(topic)?.configs?.find(({ name }) => name === 'retention.ms')?.value, '3600000');
  await assert.rejects(admin.createTopics([{ name: topic }]), isCode('TOPIC_ALREADY_EXISTS'));
  await admin.createTopics([{ name: `${topic}-not` }], { validateOnly: true });
  await admin.createPartitions([{ topic, totalCount: 3 }]);
  await assert.rejects(admin.createPartitions([{ topic, totalCount: 1 }]), isCode('INVALID_PARTITIONS'));
  const described = await eventually(
    async () => (await admin.describeTopics([topic], { includeAuthorizedOperations: true })).get(topic),
    (description) => description?.partitions.length === 3 && description.partitions[2]?.leader !== -1,
  );
  assert.ok(described?.authorizedOperations?.includes('READ'));
  assert.ok(described !== undefined);
  const byPages = await admin.describeTopics([topic], { partitionsPerPage: 1 });
  assert.equal(byPages.get(topic)?.partitions.length, 3);
  const id = described.topicId;
  assert.equal((await admin.describeTopics({ topicIds: [id] })).get(id)?.name, topic);
  assert.ok((await admin.listTopics()).has(topic));

  const resource = { type: 'TOPIC', name: topic } as const;
  await admin.incrementalAlterConfigs([
    {
      ...resource,
      changes: [
        { name: 'retention.ms', operation: 'DELETE' },
        { name: 'cleanup.policy', operation: 'APPEND', value: 'compact' },
      ],
    },
  ]);
  const entries = await eventually(
    async () => {
      const options = { includeSynonyms: true, includeDocumentation: true };
      return (await admin.describeConfigs([resource], options)).get(`TOPIC:${topic}`)?.entries ?? [];
    },
    (told) => told.some(({ name, isDefault }) => name === 'retention.ms' && isDefault),
  );
  const policy = entries.find(({ name }) => name === 'cleanup.policy');
  assert.equal(policy?.value, 'delete,compact');
  assert.equal(policy.source, 'DYNAMIC_TOPIC_CONFIG');
  assert.ok((policy.documentation?.length ?? 0) > 0);
  await admin.alterConfigs([{ ...resource, configs: { 'retention.ms': '7200000' } }]);
  await ifServed(served.kraft, async () => {
    const resources = await admin.listConfigResources({ types: ['TOPIC'] });
    assert.ok(resources.some(({ name }) => name === topic));
  });
}

export async function theCluster({ admin, served }: Stage): Promise<void> {
  const cluster = await admin.describeCluster({ includeAuthorizedOperations: true });
  assert.ok(cluster.brokers.length > 0);
  assert.ok(cluster.authorizedOperations?.includes('ALTER'));
  await ifServed(served.kraft, () => admin.describeCluster({ includeFencedBrokers: true }));
  const [broker] = cluster.brokers;
  assert.ok(broker !== undefined);
  const configs = await admin.describeConfigs([
    { type: 'BROKER', name: `${broker.id}`, keys: ['log.retention.hours'] },
    { type: 'BROKER', name: '' },
    { type: 'BROKER_LOGGER', name: `${broker.id}` },
  ]);
  assert.equal(configs.get(`BROKER:${broker.id}`)?.entries[0]?.name, 'log.retention.hours');
  const apis = (await admin.apiVersions()).get(broker.id);
  assert.ok(apis?.versions.has(3));
  const features = await admin.describeFeatures();
  assert.equal(features.finalized.has('metadata.version'), served.kraft);
  const level = features.finalized.get('metadata.version')?.max ?? 1;
  const update = [{ feature: 'metadata.version', maxVersionLevel: level }];
  if (served.kraft) await admin.updateFeatures(update, { validateOnly: true });
  else
    await assert.rejects(admin.updateFeatures(update), isCode('INVALID_REQUEST', 'INVALID_UPDATE_VERSION'));
  await ifServed(served.kraft, async () => {
    const quorum = await admin.describeMetadataQuorum();
    assert.equal(quorum.leaderId, 1);
    assert.ok(quorum.voters.length > 0);
  });
  if (served.kraft) {
    await assert.rejects(admin.unregisterBroker(99), isCode('BROKER_ID_NOT_REGISTERED'));
    const voter = { voterId: 9, directoryId: 'AAAAAAAAAAAAAAAAAAAAAQ' };
    // The quorum of a fixed list of voters does not change.
    await assert.rejects(admin.removeRaftVoter(voter, { timeoutMs: 5000 }), KafkaError);
    await assert.rejects(
      admin.addRaftVoter(
        { ...voter, listeners: [{ name: 'CONTROLLER', host: '127.0.0.1', port: 9 }] },
        { timeoutMs: 5000 },
      ),
      KafkaError,
    );
  } else {
    await assert.rejects(admin.unregisterBroker(99), isCode('UNSUPPORTED', 'UNSUPPORTED_VERSION'));
  }
}

export async function partitions({ admin, topic }: Stage): Promise<void> {
  const at = (partition: number) => ({ topic, partition });
  const offsets = await admin.listOffsets(
    [
      { ...at(0), at: 'latest' },
      { ...at(1), at: 'earliest' },
      { ...at(2), at: 'maxTimestamp' },
    ],
    { isolationLevel: 'read_committed' },
  );
  assert.deepEqual(
    [...offsets.values()].map(({ offset }) => offset),
    [0, 0, -1],
  );
  const timed = await admin.listOffsets([
    { ...at(0), at: { timestampMs: 1 } },
    { ...at(1), at: 'earliestLocal' },
  ]);
  assert.equal(timed.get(`${topic}-0`)?.offset, -1);
  assert.equal(timed.get(`${topic}-1`)?.offset, 0);
  const deleted = await admin.deleteRecords([{ ...at(0), beforeOffset: 0 }]);
  assert.equal(deleted.get(`${topic}-0`)?.lowWatermark, 0);
  await assert.rejects(admin.deleteRecords([{ ...at(0), beforeOffset: 9 }]), isCode('OFFSET_OUT_OF_RANGE'));

  await assert.rejects(
    admin.electLeaders('PREFERRED', { partitions: [at(0)] }),
    isCode('ELECTION_NOT_NEEDED'),
  );
  await admin.electLeaders('PREFERRED');
  const { brokers } = await admin.describeCluster();
  const brokerId = brokers[0]?.id ?? -1;
  await admin.alterPartitionReassignments([{ ...at(0), replicas: [brokerId] }]);
  await assert.rejects(
    admin.alterPartitionReassignments([{ ...at(0), replicas: [99] }]),
    isCode('INVALID_REPLICA_ASSIGNMENT'),
  );
  await assert.rejects(
    admin.alterPartitionReassignments([{ ...at(1), replicas: null }]),
    isCode('NO_REASSIGNMENT_IN_PROGRESS'),
  );
  assert.equal((await admin.listPartitionReassignments()).size, 0);
  const dirs = (await admin.describeLogDirs([brokerId])).get(brokerId);
  assert.ok(dirs?.[0]?.replicas.some((replica) => replica.topic === topic));
  assert.ok((dirs?.[0]?.totalBytes ?? 0) > 0);
  const where = await admin.describeReplicaLogDirs([{ ...at(0), brokerId }]);
  const path = where.get(`${topic}-0-${brokerId}`)?.current?.path ?? '';
  await admin.alterReplicaLogDirs([{ ...at(0), brokerId, path }]);
  await assert.rejects(
    admin.alterReplicaLogDirs([{ ...at(0), brokerId, path: '/elsewhere' }]),
    isCode('LOG_DIR_NOT_FOUND'),
  );
  assert.deepEqual((await admin.describeProducers([at(0)])).get(`${topic}-0`), []);
}

export async function groups(stage: Stage): Promise<void> {
  const { admin, cluster, topic, served } = stage;
  const group = `${topic}-readers`;
  const at = { topic, partition: 0 };
  await admin.alterConsumerGroupOffsets(group, [
    { ...at, offset: 3, metadata: 'by hand' },
    { topic, partition: 1, offset: 4 },
  ]);
  const offsets = await admin.listConsumerGroupOffsets([group, { groupId: `${group}-2`, partitions: [at] }], {
    requireStable: true,
  });
  assert.equal(offsets.get(group)?.get(`${topic}-0`)?.offset, 3);
  assert.equal(offsets.get(`${group}-2`)?.size, 0);
  await admin.deleteConsumerGroupOffsets(group, [at]);
  assert.equal((await admin.listConsumerGroupOffsets([group])).get(group)?.size, 1);

  const memberId = await joinClassicGroup(cluster, group, topic);
  const described = (await admin.describeConsumerGroups([group], { includeAuthorizedOperations: true })).get(
    group,
  );
  assert.equal(described?.state, 'Stable');
  assert.equal(described.type, 'Classic');
  assert.deepEqual(described.members[0]?.assignment, [at]);
  assert.ok(described.authorizedOperations?.includes('READ'));
  assert.equal((await admin.describeClassicGroups([group])).get(group)?.protocolType, 'consumer');
  const listed = await admin.listGroups({ states: ['Stable'], types: ['Classic'] });
  assert.ok(listed.some(({ groupId, type }) => groupId === group && type === 'Classic'));
  await assert.rejects(admin.deleteGroups([group]), isCode('NON_EMPTY_GROUP'));
  await admin.removeMembersFromConsumerGroup(group, { members: [{ memberId }] });
  await admin.deleteGroups([group]);
  await assert.rejects(admin.deleteGroups([group]), isCode('GROUP_ID_NOT_FOUND'));

  if (served.newGroups) await newGroup(stage, `${topic}-new`);
  await ifServed(served.shareGroups, () => shareGroup(stage, `${topic}-queue`));
  const streams = admin.describeStreamsGroups([`${topic}-streams`]);
  await assert.rejects(streams, isCode(served.shareGroups ? 'GROUP_ID_NOT_FOUND' : 'UNSUPPORTED'));
}

async function newGroup({ admin, cluster, topic }: Stage, group: string): Promise<void> {
  const leave = await joinConsumerGroup(cluster, group, topic);
  const described = (await admin.describeConsumerGroups([group])).get(group);
  assert.equal(described?.type, 'Consumer');
  assert.deepEqual(described.members[0]?.subscribedTopics, [topic]);
  assert.ok((described.groupEpoch ?? 0) > 0);
  assert.ok((await admin.listGroups({ types: ['Consumer'] })).some(({ groupId }) => groupId === group));
  await leave();
  await admin.deleteGroups([group]);
}

async function shareGroup({ admin, cluster, topic, served }: Stage, group: string): Promise<void> {
  if (!served.shareGroups) {
    await admin.describeShareGroups([group]);
    return;
  }
  const at = { topic, partition: 0 };
  const leave = await joinShareGroup(cluster, group, topic);
  const described = (await admin.describeShareGroups([group])).get(group);
  assert.deepEqual(described?.members[0]?.subscribedTopics, [topic]);
  await assert.rejects(
    admin.alterShareGroupOffsets(group, [{ ...at, startOffset: 0 }]),
    isCode('NON_EMPTY_GROUP'),
  );
  await leave();
  await admin.alterShareGroupOffsets(group, [{ ...at, startOffset: 0 }]);
  const offsets = await admin.listShareGroupOffsets([group]);
  assert.equal(offsets.get(group)?.get(`${topic}-0`)?.startOffset, 0);
  await admin.deleteShareGroupOffsets(group, [topic]);
  await admin.deleteGroups([group]);
}

export async function accessAndQuotas({ admin, topic, served }: Stage): Promise<void> {
  const binding = {
    resourceType: 'TOPIC',
    resourceName: topic,
    patternType: 'PREFIXED',
    principal: 'User:alice',
    host: '*',
    operation: 'READ',
    permissionType: 'ALLOW',
  } as const;
  if (served.acls) {
    await admin.createAcls([binding]);
    const told = await eventually(
      () => admin.describeAcls({ resourceType: 'TOPIC', resourceName: `${topic}-x`, patternType: 'MATCH' }),
      (acls) => acls.length > 0,
    );
    assert.deepEqual(told, [binding]);
    const outcomes = await admin
      .createAcls([binding, { ...binding, resourceType: 'CLUSTER', resourceName: 'wrong' }])
      .settled();
    assert.equal(outcomes.get(0), undefined);
    assert.ok(isKafkaError(outcomes.get(1), 'INVALID_REQUEST'));
    assert.deepEqual((await admin.deleteAcls([{ principal: 'User:alice' }])).get(0), [binding]);
  } else {
    await assert.rejects(admin.describeAcls(), isCode('UNSUPPORTED', 'SECURITY_DISABLED'));
    await assert.rejects(admin.createAcls([binding]), isCode('UNSUPPORTED', 'SECURITY_DISABLED'));
    await assert.rejects(admin.deleteAcls([{}]), isCode('UNSUPPORTED', 'SECURITY_DISABLED'));
  }
  const entity = { user: topic, 'client-id': null };
  await admin.alterClientQuotas([{ entity, quotas: { producer_byte_rate: 1000 } }]);
  const quotas = await eventually(
    () => admin.describeClientQuotas({ components: [{ entityType: 'user', name: topic }] }),
    (told) => told.length > 0,
  );
  assert.deepEqual(quotas, [{ entity, quotas: { producer_byte_rate: 1000 } }]);
  await admin.alterClientQuotas([{ entity, quotas: { producer_byte_rate: null } }]);

  const credential = { user: topic, mechanism: 'SCRAM-SHA-512' } as const;
  await admin.alterUserScramCredentials([{ ...credential, password: 'secret', iterations: 4096 }]);
  const told = await eventually(
    () => admin.describeUserScramCredentials(),
    (users) => users.has(topic),
  );
  assert.deepEqual(told.get(topic), [{ mechanism: 'SCRAM-SHA-512', iterations: 4096 }]);
  await admin.alterUserScramCredentials([{ ...credential, remove: true }]);

  // Connections without a login are not given tokens.
  const refused = served.tokens
    ? isCode('DELEGATION_TOKEN_REQUEST_NOT_ALLOWED', 'DELEGATION_TOKEN_AUTH_DISABLED')
    : isCode('UNSUPPORTED');
  await assert.rejects(admin.createDelegationToken({ renewers: ['User:bob'] }), refused);
  await assert.rejects(admin.describeDelegationTokens({ owners: ['User:bob'] }), refused);
  await assert.rejects(admin.renewDelegationToken(Buffer.from('hmac')), refused);
  await assert.rejects(admin.expireDelegationToken(Buffer.from('hmac')), refused);
}

export async function transactions({ admin, cluster, topic, served }: Stage): Promise<void> {
  const id = `${topic}-tx`;
  if (!served.transactions) {
    await assert.rejects(admin.listTransactions(), isCode('UNSUPPORTED'));
    await assert.rejects(admin.describeTransactions([id]), isCode('UNSUPPORTED'));
    await assert.rejects(admin.fenceProducers([id]), isCode('UNSUPPORTED'));
    return;
  }
  const at = { topic, partition: 0 };
  const coordinator = { coordinator: 'transaction', key: id } as const;
  const producer = await cluster.retry(async () => {
    const answer = await cluster.request(
      coordinator,
      { request: InitProducerIdRequest, response: InitProducerIdResponse },
      { transactionalId: id, transactionTimeoutMs: 60_000 },
      { versions: { min: 0, max: 4 } },
    );
    if (answer.errorCode !== 0) throw new KafkaError('TIMED_OUT', 'not yet', { retriable: true });
    return answer;
  });
  const added = await cluster.request(
    coordinator,
    { request: AddPartitionsToTxnRequest, response: AddPartitionsToTxnResponse },
    {
      v3AndBelowTransactionalId: id,
      v3AndBelowProducerId: producer.producerId,
      v3AndBelowProducerEpoch: producer.producerEpoch,
      v3AndBelowTopics: [{ name: topic, partitions: [0] }],
    },
    { versions: { min: 0, max: 3 } },
  );
  assert.equal(added.resultsByTopicV3AndBelow[0]?.resultsByPartition[0]?.partitionErrorCode, 0);
  const described = (await admin.describeTransactions([id])).get(id);
  assert.equal(described?.state, 'Ongoing');
  assert.deepEqual(described.partitions, [at]);
  assert.equal(described.producerId, producer.producerId);
  assert.ok((described.startTimeMs ?? 0) > 0);
  const listed = await admin.listTransactions({ states: ['Ongoing'], producerIds: [producer.producerId] });
  assert.deepEqual(listed, [{ transactionalId: id, producerId: producer.producerId, state: 'Ongoing' }]);
  assert.deepEqual(await admin.listTransactions({ durationMs: 3_600_000 }), []);
  await admin.abortTransaction({
    ...at,
    producerId: producer.producerId,
    producerEpoch: producer.producerEpoch,
    coordinatorEpoch: 0,
  });
  const [state] = (await admin.describeProducers([at])).get(`${topic}-0`) ?? [];
  assert.equal(state?.producerId, producer.producerId);
  const fenced = (await admin.fenceProducers([id])).get(id);
  assert.ok((fenced?.producerEpoch ?? 0) > producer.producerEpoch);
  await assert.rejects(admin.describeTransactions(['nobody']), isCode('TRANSACTIONAL_ID_NOT_FOUND'));
}

export async function clientMetrics({ admin, served }: Stage): Promise<void> {
  const resource = { type: 'CLIENT_METRICS', name: 'from-admin' } as const;
  if (!served.kraft) return;
  await admin.incrementalAlterConfigs([
    { ...resource, changes: [{ name: 'interval.ms', operation: 'SET', value: '60000' }] },
  ]);
  const listed = await eventually(
    () => admin.listConfigResources({ types: ['CLIENT_METRICS'] }),
    (resources) => resources.length > 0,
  );
  assert.deepEqual(listed, [resource]);
  const groupConfig = { type: 'GROUP', name: 'from-admin' } as const;
  await admin.incrementalAlterConfigs([
    { ...groupConfig, changes: [{ name: 'share.auto.offset.reset', operation: 'SET', value: 'earliest' }] },
  ]);
  const described = await eventually(
    async () => (await admin.describeConfigs([groupConfig])).get('GROUP:from-admin')?.entries ?? [],
    (entries) => entries.some(({ value }) => value === 'earliest'),
  );
  const reset = described.find(({ name }) => name === 'share.auto.offset.reset');
  assert.equal(reset?.source, 'DYNAMIC_GROUP_CONFIG');
}

export async function theEnd({ admin, topic }: Stage): Promise<void> {
  const id = (await admin.describeTopics([topic])).get(topic)?.topicId ?? '';
  await admin.deleteTopics({ topicIds: [id] });
  await eventually(
    () => admin.listTopics(),
    (topics) => !topics.has(topic),
  );
  await assert.rejects(admin.deleteTopics([topic]), isCode('UNKNOWN_TOPIC_OR_PARTITION'));
}
