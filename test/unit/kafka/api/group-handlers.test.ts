import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { groupHandlers } from '../../../../src/kafka/api/group-handlers.ts';
import type { Handler, RequestContext } from '../../../../src/kafka/api/handler.ts';
import { ClusterImage, type PartitionImage } from '../../../../src/kafka/metadata/cluster-image.ts';
import { ErrorCode } from '../../../../src/wire/kafka/errors.ts';
import { GROUP, GroupHarness, quietLog } from '../../../support/group-harness.ts';

const FIND_COORDINATOR = 10;

function partition(topic: string, index: number, leader: number): PartitionImage {
  return {
    topic,
    partition: index,
    leader,
    leaderEpoch: 0,
    isr: [leader],
    leaderRecovering: false,
    partitionEpoch: 0,
    controllerEpoch: 0,
    replicas: [leader],
    offlineReplicas: [],
  };
}

const endpoint = { listenerName: 'PLAINTEXT', securityProtocol: 'PLAINTEXT', host: 'broker-one', port: 9092 };

type Struct = Record<string, unknown>;

/** A field that holds structs. */
function structs(value: Struct | undefined, field: string): Struct[] {
  const held = value?.[field];
  assert.ok(Array.isArray(held), `${field} is an array`);
  return held as Struct[];
}

/** The handlers, called as the dispatcher does: bytes in, bytes out, in every version. */
class Api {
  readonly group: GroupHarness;
  readonly created: string[] = [];
  readonly zooKeeper = new Map<string, number>();
  zooKeeperFails = false;
  image = ClusterImage.empty.with({
    brokers: [{ id: 1, epoch: 0, rack: null, endpoints: [endpoint] }],
    partitions: [partition('a', 0, 1), partition('a', 1, 1)],
  });
  private readonly handlers: Map<number, Handler>;

  constructor(group: GroupHarness) {
    this.group = group;
    const name = (...parts: (string | number)[]): string => parts.join('/');
    const check = (): void => {
      if (this.zooKeeperFails) throw new Error('connection loss');
    };
    const handlers = groupHandlers({
      coordinator: group.coordinator,
      image: () => this.image,
      log: quietLog,
      offsetMetadataMaxBytes: 8,
      transactionPartition: () => 0,
      createInternalTopic: (topic) => this.created.push(topic),
      zooKeeperOffsets: {
        get: async (...key) => {
          check();
          return this.zooKeeper.get(name(...key)) ?? null;
        },
        set: async (groupId, topic, index, offset) => {
          check();
          this.zooKeeper.set(name(groupId, topic, index), offset);
        },
      },
    });
    this.handlers = new Map(handlers.map((handler) => [handler.request.key ?? -1, handler]));
  }

  versions(apiKey: number): number[] {
    const { minVersion, maxVersion } = this.handler(apiKey);
    return Array.from({ length: maxVersion - minVersion + 1 }, (_, i) => minVersion + i);
  }

  private handler(apiKey: number): Handler {
    const handler = this.handlers.get(apiKey);
    assert.ok(handler !== undefined);
    return handler;
  }

  async call(apiKey: number, apiVersion: number, draft: unknown): Promise<Record<string, unknown>> {
    const handler = this.handler(apiKey);
    const context: RequestContext = {
      apiKey,
      apiVersion,
      correlationId: 1,
      clientId: 'client',
      connection: {
        id: 1,
        listenerName: 'PLAINTEXT',
        securityProtocol: 'PLAINTEXT',
        clientHost: '::ffff:10.1.2.3',
        clientPort: 50_000,
        principal: 'User:ANONYMOUS',
        clientSoftware: { name: '', version: '' },
      },
      receivedMs: 0,
      requestBytes: 0,
    };
    const bytes = handler.request.at(apiVersion).encode(draft);
    const answer = await handler.handle(handler.request.at(apiVersion).decode(bytes), context);
    const codec = handler.response.at(apiVersion);
    return codec.decode(codec.encode(answer)) as Record<string, unknown>;
  }
}

async function api(): Promise<Api> {
  return new Api(await GroupHarness.started({ initialRebalanceDelayMs: 0 }));
}

describe('requests of groups, in every version', () => {
  it('a member lives its life: JoinGroup, SyncGroup, Heartbeat, DescribeGroups, ListGroups, LeaveGroup', async () => {
    for (let version = 0; version <= 9; version++) {
      const broker = await api();
      const at = (max: number): number => Math.min(version, max);
      const join = {
        groupId: GROUP,
        sessionTimeoutMs: 10_000,
        memberId: '',
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.from('topics') }],
        ...(version >= 1 ? { rebalanceTimeoutMs: 20_000 } : {}),
      };
      let memberId = '';
      if (version >= 4) {
        const first = await broker.call(11, version, join);
        assert.equal(first['errorCode'], ErrorCode.MEMBER_ID_REQUIRED);
        assert.equal(first['protocolName'], version >= 7 ? null : '');
        memberId = String(first['memberId']);
      }
      const joining = broker.call(11, version, { ...join, memberId });
      await broker.group.pass(0);
      const joined = await joining;
      memberId = String(joined['memberId']);
      assert.deepEqual(
        [joined['errorCode'], joined['generationId'], joined['protocolName'], joined['leader']],
        [0, 1, 'range', memberId],
      );
      const rebalanceTimeoutMs = broker.group.shard.find(GROUP)?.rebalanceTimeoutMs;
      assert.equal(rebalanceTimeoutMs, version === 0 ? 10_000 : 20_000);

      const sync = {
        groupId: GROUP,
        generationId: 1,
        memberId,
        assignments: [{ memberId, assignment: Buffer.from('all') }],
        ...(at(5) >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {}),
      };
      const synced = await broker.call(14, at(5), sync);
      assert.deepEqual([synced['errorCode'], String(synced['assignment'])], [0, 'all']);
      const beat = await broker.call(12, at(4), { groupId: GROUP, generationId: 1, memberId });
      assert.equal(beat['errorCode'], 0);

      const described = await broker.call(15, at(5), {
        groups: [GROUP, 'none'],
        includeAuthorizedOperations: at(5) >= 3,
      });
      const [mine, none] = described['groups'] as Record<string, unknown>[];
      assert.deepEqual(
        [mine?.['groupState'], mine?.['protocolData'], none?.['groupState']],
        ['Stable', 'range', 'Dead'],
      );
      assert.equal(mine?.['authorizedOperations'], at(5) >= 3 ? 328 : -0x8000_0000);
      const [member] = structs(mine, 'members');
      assert.deepEqual(
        [member?.['clientId'], member?.['clientHost'], String(member?.['memberAssignment'])],
        ['client', '/10.1.2.3', 'all'],
      );
      const filter = at(5) >= 4 ? { statesFilter: ['stable'] } : {};
      const listed = await broker.call(16, at(5), {
        ...filter,
        ...(at(5) >= 5 ? { typesFilter: ['Classic'] } : {}),
      });
      assert.deepEqual(
        (listed['groups'] as { groupId: string }[]).map(({ groupId }) => groupId),
        [GROUP],
      );

      const batched = { groupId: GROUP, members: [{ memberId }, { memberId: 'stranger' }] };
      const left = await broker.call(13, at(5), at(5) >= 3 ? batched : { groupId: GROUP, memberId });
      assert.equal(left['errorCode'], 0);
      if (at(5) >= 3) {
        const errors = (left['members'] as { errorCode: number }[]).map(({ errorCode }) => errorCode);
        assert.deepEqual(errors, [0, ErrorCode.UNKNOWN_MEMBER_ID]);
      } else {
        const again = await broker.call(13, at(5), { groupId: GROUP, memberId });
        assert.equal(again['errorCode'], ErrorCode.UNKNOWN_MEMBER_ID);
      }
      const deleted = await broker.call(42, at(2), { groupsNames: [GROUP] });
      assert.deepEqual(deleted['results'], [{ groupId: GROUP, errorCode: 0 }]);
    }
  });

  it('ListGroups filters by state and type', async () => {
    const broker = await api();
    await broker.group.commit({ 'a-0': 1 }).promise;
    const names = async (filter: object): Promise<number> =>
      ((await broker.call(16, 5, filter))['groups'] as unknown[]).length;
    assert.equal(await names({ statesFilter: ['EMPTY'], typesFilter: [] }), 1);
    assert.equal(await names({ statesFilter: ['Stable', 'Dead'], typesFilter: [] }), 0);
    assert.equal(await names({ statesFilter: [], typesFilter: ['consumer'] }), 0);
    assert.equal(await names({ statesFilter: [], typesFilter: ['consumer', 'CLASSIC'] }), 1);
  });

  it('SyncGroup 5 must name the protocol', async () => {
    const broker = await api();
    const answer = await broker.call(14, 5, {
      groupId: GROUP,
      generationId: 1,
      memberId: 'm',
      assignments: [],
    });
    assert.equal(answer['errorCode'], ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  });

  it('OffsetCommit and OffsetFetch 1-9 keep offsets of partitions that exist', async () => {
    for (let version = 1; version <= 9; version++) {
      const broker = await api();
      const each = (partitionIndex: number, committedOffset: number, committedMetadata: string | null) => ({
        partitionIndex,
        committedOffset,
        committedMetadata,
        ...(version >= 6 ? { committedLeaderEpoch: 4 } : {}),
      });
      const committed = await broker.call(8, version, {
        groupId: GROUP,
        generationIdOrMemberEpoch: -1,
        memberId: '',
        topics: [
          { name: 'none', partitions: [each(0, 1, null)] },
          { name: 'a', partitions: [each(1, 11, 'note'), each(7, 1, null), each(0, 10, null)] },
        ],
      });
      const unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      const errors = (committed['topics'] as { partitions: { errorCode: number }[] }[]).map(
        ({ partitions }) => partitions.map(({ errorCode }) => errorCode),
      );
      assert.deepEqual(errors, [[unknown], [0, unknown, 0]]);

      const topics = [{ name: 'a', partitionIndexes: [1, 5] }];
      const body = version >= 8 ? { groups: [{ groupId: GROUP, topics }] } : { groupId: GROUP, topics };
      const fetched = await broker.call(9, version, body);
      const group = version >= 8 ? (fetched['groups'] as Record<string, unknown>[])[0] : fetched;
      const [topic] = structs(group, 'topics');
      assert.deepEqual(topic?.['partitions'], [
        {
          partitionIndex: 1,
          committedOffset: 11,
          committedLeaderEpoch: version >= 6 ? 4 : -1,
          metadata: 'note',
          errorCode: 0,
        },
        { partitionIndex: 5, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode: 0 },
      ]);
      if (version < 2) continue;
      const all =
        version >= 8 ? { groups: [{ groupId: GROUP, topics: null }] } : { groupId: GROUP, topics: null };
      const everything = await broker.call(9, version, all);
      const whole = version >= 8 ? (everything['groups'] as Record<string, unknown>[])[0] : everything;
      assert.deepEqual(
        structs(whole, 'topics').flatMap((each) =>
          structs(each, 'partitions')
            .map((part) => part['partitionIndex'])
            .sort(),
        ),
        [0, 1],
      );
    }
  });

  it('OffsetFetch 8 answers each group for itself; errors stand where the version has them', async () => {
    const broker = await api();
    await broker.group.commit({ 'a-0': 1 }).promise;
    const topics = [{ name: 'a', partitionIndexes: [0] }];
    const both = await broker.call(9, 8, {
      groups: [
        { groupId: GROUP, topics },
        { groupId: 'other', topics: null },
      ],
    });
    assert.deepEqual(
      (both['groups'] as { groupId: string; topics: unknown[] }[]).map(({ groupId, topics }) => [
        groupId,
        topics.length,
      ]),
      [
        [GROUP, 1],
        ['other', 0],
      ],
    );
    broker.group.coordinator.resign(0, 1);
    const moved = ErrorCode.NOT_COORDINATOR;
    const one = await broker.call(9, 1, { groupId: GROUP, topics });
    const [topic] = one['topics'] as { partitions: { errorCode: number }[] }[];
    assert.deepEqual(
      topic?.partitions.map(({ errorCode }) => errorCode),
      [moved],
    );
    assert.deepEqual((await broker.call(9, 2, { groupId: GROUP, topics }))['errorCode'], moved);
    const eight = await broker.call(9, 8, { groups: [{ groupId: GROUP, topics }] });
    assert.deepEqual(
      (eight['groups'] as { errorCode: number }[]).map(({ errorCode }) => errorCode),
      [moved],
    );
  });

  it('OffsetCommit 0 and OffsetFetch 0 go to ZooKeeper', async () => {
    const broker = await api();
    const commit = (committedMetadata: string, partitionIndex = 0) =>
      broker.call(8, 0, {
        groupId: GROUP,
        topics: [{ name: 'a', partitions: [{ partitionIndex, committedOffset: 5, committedMetadata }] }],
      });
    const errorOf = (answer: Record<string, unknown>): unknown =>
      (answer['topics'] as { partitions: { errorCode: number }[] }[])[0]?.partitions[0]?.errorCode;
    assert.equal(errorOf(await commit('short')), 0);
    assert.equal(errorOf(await commit('much too long')), ErrorCode.OFFSET_METADATA_TOO_LARGE);
    assert.equal(errorOf(await commit('', 9)), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    assert.deepEqual([...broker.zooKeeper], [[`${GROUP}/a/0`, 5]]);
    assert.deepEqual(broker.group.committed(), {}, 'the coordinator knows nothing of it');
    const fetch = (partitionIndex: number) =>
      broker.call(9, 0, { groupId: GROUP, topics: [{ name: 'a', partitionIndexes: [partitionIndex] }] });
    const first = ((await fetch(0))['topics'] as { partitions: Record<string, unknown>[] }[])[0]
      ?.partitions[0];
    assert.deepEqual([first?.['committedOffset'], first?.['errorCode']], [5, 0]);
    assert.equal(errorOf(await fetch(1)), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    broker.zooKeeperFails = true;
    assert.equal(errorOf(await commit('')), ErrorCode.UNKNOWN_SERVER_ERROR);
    assert.equal(errorOf(await fetch(0)), ErrorCode.UNKNOWN_SERVER_ERROR);
  });

  it('OffsetDelete', async () => {
    const broker = await api();
    await broker.group.commit({ 'a-0': 1, 'a-1': 1 }).promise;
    const topics = [{ name: 'a', partitions: [{ partitionIndex: 7 }, { partitionIndex: 0 }] }];
    const answer = await broker.call(47, 0, { groupId: GROUP, topics });
    assert.equal(answer['errorCode'], 0);
    assert.deepEqual(answer['topics'], [
      {
        name: 'a',
        partitions: [
          { partitionIndex: 7, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
          { partitionIndex: 0, errorCode: 0 },
        ],
      },
    ]);
    assert.deepEqual(broker.group.committed(), { 'a-1': 1 });
    const none = await broker.call(47, 0, { groupId: 'none', topics });
    assert.deepEqual([none['errorCode'], none['topics']], [ErrorCode.GROUP_ID_NOT_FOUND, []]);
  });
});

describe('FindCoordinator', () => {
  /** The answer for one key in any version. */
  async function find(broker: Api, version: number, keyType: number, key = GROUP) {
    const type = version >= 1 ? { keyType } : {};
    const answer = await broker.call(
      FIND_COORDINATOR,
      version,
      version >= 4 ? { ...type, coordinatorKeys: [key] } : { ...type, key },
    );
    const found = version >= 4 ? (answer['coordinators'] as Record<string, unknown>[])[0] : answer;
    return [found?.['errorCode'], found?.['nodeId'], found?.['host'], found?.['port']];
  }

  it('has the topic created, then names the leader of the partition', async () => {
    const broker = await api();
    const unavailable = [ErrorCode.COORDINATOR_NOT_AVAILABLE, -1, '', -1];
    for (const version of broker.versions(FIND_COORDINATOR)) {
      assert.deepEqual(await find(broker, version, 0), unavailable);
    }
    assert.deepEqual(new Set(broker.created), new Set(['__consumer_offsets']));
    broker.image = broker.image.with({ partitions: [partition('__consumer_offsets', 0, -1)] });
    assert.deepEqual(await find(broker, 0, 0), unavailable, 'without a leader');
    broker.image = broker.image.with({ partitions: [partition('__consumer_offsets', 0, 9)] });
    assert.deepEqual(await find(broker, 0, 0), unavailable, 'with a leader that is not there');
    broker.image = broker.image.with({ partitions: [partition('__consumer_offsets', 0, 1)] });
    for (const version of broker.versions(FIND_COORDINATOR)) {
      assert.deepEqual(await find(broker, version, 0), [0, 1, 'broker-one', 9092]);
    }
  });

  for (const [keyType, version, error] of [
    [1, 1, ErrorCode.COORDINATOR_NOT_AVAILABLE],
    [2, 5, ErrorCode.INVALID_REQUEST],
    [2, 6, ErrorCode.COORDINATOR_NOT_AVAILABLE],
    [3, 6, ErrorCode.INVALID_REQUEST],
    [-1, 1, ErrorCode.INVALID_REQUEST],
  ] as const) {
    it(`key type ${keyType} in version ${version} answers ${error}`, async () => {
      const broker = await api();
      assert.deepEqual(await find(broker, version, keyType, 'id:0:1'), [error, -1, '', -1]);
      assert.deepEqual(broker.created, keyType === 1 ? ['__transaction_state'] : []);
    });
  }
});
