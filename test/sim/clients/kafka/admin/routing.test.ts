import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Admin } from '../../../../../src/clients/kafka/admin/admin.ts';
import { isKafkaError, KafkaError } from '../../../../../src/clients/kafka/kafka-error.ts';
import { ErrorCode } from '../../../../../src/wire/kafka/errors.ts';
import {
  CreateTopicsRequest,
  CreateTopicsResponse,
} from '../../../../../src/wire/kafka/messages/19-create-topics.ts';
import {
  DeleteRecordsRequest,
  DeleteRecordsResponse,
} from '../../../../../src/wire/kafka/messages/21-delete-records.ts';
import {
  CreateAclsRequest,
  CreateAclsResponse,
} from '../../../../../src/wire/kafka/messages/30-create-acls.ts';
import {
  CreateDelegationTokenRequest,
  CreateDelegationTokenResponse,
} from '../../../../../src/wire/kafka/messages/38-create-delegation-token.ts';
import {
  DeleteGroupsRequest,
  DeleteGroupsResponse,
} from '../../../../../src/wire/kafka/messages/42-delete-groups.ts';
import {
  ListTransactionsRequest,
  ListTransactionsResponse,
} from '../../../../../src/wire/kafka/messages/66-list-transactions.ts';
import {
  StreamsGroupDescribeRequest,
  StreamsGroupDescribeResponse,
} from '../../../../../src/wire/kafka/messages/89-streams-group-describe.ts';
import { ScriptedBrokers } from '../../../../support/kafka/scripted-brokers.ts';

async function tell(brokers: ScriptedBrokers, story: (admin: Admin) => Promise<void>): Promise<void> {
  await brokers.sim.run(async () => {
    await brokers.listen();
    const { bootstrapServers } = brokers;
    await using admin = new Admin(brokers.sim.host('client').env, { bootstrapServers, apiTimeoutMs: 20_000 });
    await story(admin);
  });
}

const created = (name: string, errorCode: number) => ({
  name,
  topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
  errorCode,
  errorMessage: null,
  configs: [],
});

describe('the admin client finds whom to ask', () => {
  it('again when the controller is another by now', async () => {
    const brokers = new ScriptedBrokers();
    brokers.on(CreateTopicsRequest, CreateTopicsResponse, (_, brokerId) => {
      // The one that is asked first has just lost its office.
      brokers.controllerId = 2;
      return { topics: [created('orders', brokerId === 1 ? ErrorCode.NOT_CONTROLLER : ErrorCode.NONE)] };
    });
    await tell(brokers, async (admin) => {
      await admin.createTopics([{ name: 'orders' }]);
      assert.deepEqual(brokers.asked, ['1 CreateTopicsRequest', '2 CreateTopicsRequest']);
    });
  });

  it('again when the controller hangs up', async () => {
    const brokers = new ScriptedBrokers();
    brokers.on(CreateTopicsRequest, CreateTopicsResponse, (_, brokerId) => {
      brokers.controllerId = 2;
      return brokerId === 1 ? 'hang up' : { topics: [created('orders', 0)] };
    });
    await tell(brokers, async (admin) => {
      await admin.createTopics([{ name: 'orders' }]);
      assert.deepEqual(brokers.asked, ['1 CreateTopicsRequest', '2 CreateTopicsRequest']);
    });
  });

  it('after the pause that a quota asks for, and only about what the quota refused', async () => {
    const brokers = new ScriptedBrokers();
    const asked: string[][] = [];
    brokers.on(CreateTopicsRequest, CreateTopicsResponse, ({ topics }) => {
      asked.push(topics.map(({ name }) => name));
      const refuse = asked.length === 1;
      return {
        throttleTimeMs: refuse ? 5000 : 0,
        topics: topics.map(({ name }) =>
          created(name, refuse && name === 'goods' ? ErrorCode.THROTTLING_QUOTA_EXCEEDED : 0),
        ),
      };
    });
    await tell(brokers, async (admin) => {
      await admin.createTopics([{ name: 'orders' }, { name: 'goods' }]);
      assert.deepEqual(asked, [['orders', 'goods'], ['goods']]);
      assert.ok(brokers.sim.nowMs >= 5000);

      asked.length = 0;
      const patience = { retryOnQuotaViolation: false };
      const outcomes = await admin.createTopics([{ name: 'orders' }, { name: 'goods' }], patience).settled();
      assert.ok(isKafkaError(outcomes.get('goods'), 'THROTTLING_QUOTA_EXCEEDED'));
      assert.ok(!(outcomes.get('orders') instanceof KafkaError));
    });
  });

  it('partition by partition, and again those whose leader has changed', async () => {
    const brokers = new ScriptedBrokers();
    brokers.leaders = [1, 2];
    brokers.on(DeleteRecordsRequest, DeleteRecordsResponse, ({ topics }, brokerId) => {
      const isOld = brokerId === 2;
      brokers.leaders = [1, 1];
      return {
        throttleTimeMs: 0,
        topics: topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex, offset }) => ({
            partitionIndex,
            lowWatermark: offset,
            errorCode: isOld ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.NONE,
          })),
        })),
      };
    });
    await tell(brokers, async (admin) => {
      const deleted = await admin.deleteRecords([
        { topic: 'orders', partition: 0, beforeOffset: 5 },
        { topic: 'orders', partition: 1, beforeOffset: 6 },
      ]);
      assert.deepEqual(
        [...deleted.values()].map(({ lowWatermark }) => lowWatermark),
        [5, 6],
      );
      assert.deepEqual(brokers.asked.toSorted(), [
        '1 DeleteRecordsRequest',
        '1 DeleteRecordsRequest',
        '2 DeleteRecordsRequest',
      ]);
    });
  });

  it('of groups, waiting for a coordinator that loads and looking for one that has moved', async () => {
    const brokers = new ScriptedBrokers();
    const errors = [ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, ErrorCode.NOT_COORDINATOR, ErrorCode.NONE];
    brokers.on(DeleteGroupsRequest, DeleteGroupsResponse, ({ groupsNames }) => {
      const errorCode = errors.shift() ?? 0;
      if (errorCode === ErrorCode.NOT_COORDINATOR) brokers.coordinatorId = 2;
      return { throttleTimeMs: 0, results: groupsNames.map((groupId) => ({ groupId, errorCode })) };
    });
    await tell(brokers, async (admin) => {
      await admin.deleteGroups(['readers']);
      assert.deepEqual(brokers.asked, [
        '1 DeleteGroupsRequest',
        '1 DeleteGroupsRequest',
        '2 DeleteGroupsRequest',
      ]);
    });
  });

  it('and gives up with the last error when the time is over', async () => {
    const brokers = new ScriptedBrokers();
    brokers.on(DeleteGroupsRequest, DeleteGroupsResponse, ({ groupsNames }) => ({
      throttleTimeMs: 0,
      results: groupsNames.map((groupId) => ({
        groupId,
        errorCode: groupId === 'slow' ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : ErrorCode.NONE,
      })),
    }));
    await tell(brokers, async (admin) => {
      const outcomes = await admin.deleteGroups(['slow', 'quick'], { timeoutMs: 3000 }).settled();
      assert.ok(isKafkaError(outcomes.get('slow'), 'COORDINATOR_LOAD_IN_PROGRESS'));
      assert.equal(outcomes.get('quick'), undefined);
      assert.ok(brokers.sim.nowMs >= 2000 && brokers.sim.nowMs <= 3000);
    });
  });
});

describe('the admin client tells', () => {
  it('which broker of all could not answer', async () => {
    const brokers = new ScriptedBrokers();
    brokers.on(ListTransactionsRequest, ListTransactionsResponse, (_, brokerId) => ({
      throttleTimeMs: 0,
      errorCode: brokerId === 2 ? ErrorCode.CLUSTER_AUTHORIZATION_FAILED : 0,
      unknownStateFilters: [],
      transactionStates: [{ transactionalId: 'mover', producerId: 5n, transactionState: 'Ongoing' }],
    }));
    await tell(brokers, async (admin) => {
      const outcomes = await admin.listTransactions().settled();
      assert.deepEqual(outcomes.get(1), [{ transactionalId: 'mover', producerId: 5n, state: 'Ongoing' }]);
      assert.ok(isKafkaError(outcomes.get(2), 'CLUSTER_AUTHORIZATION_FAILED'));
      await assert.rejects(admin.listTransactions(), (error) =>
        isKafkaError(error, 'CLUSTER_AUTHORIZATION_FAILED'),
      );
    });
  });

  it('of each ACL whether it was made, and of an answer that lacks one that it does', async () => {
    const brokers = new ScriptedBrokers();
    brokers.on(CreateAclsRequest, CreateAclsResponse, () => ({
      throttleTimeMs: 0,
      results: [
        { errorCode: 0, errorMessage: null },
        { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: 'no such host' },
      ],
    }));
    await tell(brokers, async (admin) => {
      const acl = {
        resourceType: 'TOPIC',
        resourceName: 'orders',
        patternType: 'LITERAL',
        principal: 'User:alice',
        host: '*',
        operation: 'READ',
        permissionType: 'ALLOW',
      } as const;
      const outcomes = await admin.createAcls([acl, acl, acl]).settled();
      assert.equal(outcomes.get(0), undefined);
      const second = outcomes.get(1);
      assert.ok(second instanceof KafkaError && /no such host/.test(second.message));
      assert.ok(isKafkaError(outcomes.get(2), 'MALFORMED'));
    });
  });

  it('the tasks and topologies of streams groups', async () => {
    const brokers = new ScriptedBrokers();
    const tasks = {
      activeTasks: [{ subtopologyId: '0', partitions: [0, 1] }],
      standbyTasks: [],
      warmupTasks: [],
    };
    brokers.on(StreamsGroupDescribeRequest, StreamsGroupDescribeResponse, ({ groupIds }) => ({
      throttleTimeMs: 0,
      groups: groupIds.map((groupId) => ({
        errorCode: groupId === 'counts' ? 0 : ErrorCode.GROUP_ID_NOT_FOUND,
        groupId,
        groupState: 'Stable',
        groupEpoch: 3,
        assignmentEpoch: 3,
        topology: {
          epoch: 1,
          subtopologies: [
            {
              subtopologyId: '0',
              sourceTopics: ['orders'],
              repartitionSinkTopics: [],
              stateChangelogTopics: [
                {
                  name: 'counts-store',
                  partitions: 2,
                  replicationFactor: 1,
                  topicConfigs: [{ key: 'cleanup.policy', value: 'compact' }],
                },
              ],
              repartitionSourceTopics: [],
            },
          ],
        },
        members: [
          {
            memberId: 'm',
            memberEpoch: 3,
            clientId: 'app',
            clientHost: '/10.0.0.1',
            topologyEpoch: 1,
            processId: 'p',
            clientTags: [{ key: 'zone', value: 'a' }],
            taskOffsets: [],
            taskEndOffsets: [],
            assignment: tasks,
            targetAssignment: tasks,
            isClassic: false,
          },
        ],
      })),
    }));
    await tell(brokers, async (admin) => {
      const outcomes = await admin.describeStreamsGroups(['counts', 'nothing']).settled();
      assert.ok(isKafkaError(outcomes.get('nothing'), 'GROUP_ID_NOT_FOUND'));
      const group = outcomes.get('counts');
      assert.ok(group !== undefined && !(group instanceof KafkaError));
      assert.equal(group.topologyEpoch, 1);
      assert.equal(group.coordinator?.id, 1);
      const [changelog] = group.subtopologies[0]?.stateChangelogTopics ?? [];
      assert.deepEqual(changelog?.configs, { 'cleanup.policy': 'compact' });
      assert.deepEqual(group.members[0]?.clientTags, { zone: 'a' });
      assert.deepEqual(group.members[0]?.assignment.activeTasks, [
        { subtopologyId: '0', partitions: [0, 1] },
      ]);
    });
  });

  it('a delegation token with its owner, and refuses a principal without a type', async () => {
    const brokers = new ScriptedBrokers();
    brokers.on(CreateDelegationTokenRequest, CreateDelegationTokenResponse, (request) => ({
      errorCode: 0,
      principalType: request.ownerPrincipalType ?? '',
      principalName: request.ownerPrincipalName ?? '',
      tokenRequesterPrincipalType: 'User',
      tokenRequesterPrincipalName: 'root',
      issueTimestampMs: 1,
      expiryTimestampMs: 2,
      maxTimestampMs: 3,
      tokenId: 'token',
      hmac: Buffer.from('hmac'),
      throttleTimeMs: 0,
    }));
    await tell(brokers, async (admin) => {
      const token = await admin.createDelegationToken({ owner: 'User:alice', renewers: ['User:bob'] });
      assert.equal(token.owner, 'User:alice');
      assert.equal(token.requester, 'User:root');
      assert.deepEqual(token.renewers, ['User:bob']);
      await assert.rejects(admin.createDelegationToken({ owner: 'alice' }), (error) =>
        isKafkaError(error, 'INVALID_ARGUMENT'),
      );
    });
  });
});
