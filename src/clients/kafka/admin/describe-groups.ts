import { ByteReader } from '../../../base/byte-reader.ts';
import { MalformedError } from '../../../base/malformed-error.ts';
import {
  DescribeGroupsRequest,
  DescribeGroupsResponse,
} from '../../../wire/kafka/messages/15-describe-groups.ts';
import {
  ConsumerGroupDescribeRequest,
  ConsumerGroupDescribeResponse,
} from '../../../wire/kafka/messages/69-consumer-group-describe.ts';
import {
  ShareGroupDescribeRequest,
  ShareGroupDescribeResponse,
} from '../../../wire/kafka/messages/77-share-group-describe.ts';
import type { Infer } from '../../../wire/kafka/schema/index.ts';
import { ConsumerProtocolAssignment } from '../../../wire/kafka/stored/consumer-protocol.ts';
import type { Target } from '../cluster/cluster.ts';
import type { BrokerNode, TopicPartition } from '../cluster/cluster-metadata.ts';
import { isKafkaError, KafkaError } from '../kafka-error.ts';
import { type AdminCall, keyed, type Outcomes, outcomeOf } from './admin-call.ts';
import type { CallOptions } from './call-options.ts';
import type {
  ClassicGroupDescription,
  ClassicGroupMember,
  ConsumerGroupDescription,
  ConsumerGroupMember,
  ShareGroupDescription,
} from './group-description.ts';
import type { ItemResults } from './item-results.ts';
import { authorizedOperations } from './operations.ts';

export interface DescribeGroupsOptions extends CallOptions {
  readonly includeAuthorizedOperations?: boolean;
}

/** Who is asked, about which groups, and whether for the operations as well. */
interface Question {
  readonly target: Target;
  readonly groupIds: readonly string[];
  readonly includeAuthorizedOperations: boolean;
}

type ClassicAnswer = Infer<typeof DescribeGroupsResponse>['groups'][number];
type ConsumerAnswer = Infer<typeof ConsumerGroupDescribeResponse>['groups'][number];
type ShareAnswer = Infer<typeof ShareGroupDescribeResponse>['groups'][number];
interface Assignment {
  readonly topicPartitions: readonly { readonly topicName: string; readonly partitions: readonly number[] }[];
}

interface GroupAnswer {
  readonly groupId: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** How groups of one kind are asked for, and what an answer is to the caller. */
interface GroupKind<A extends GroupAnswer, V> {
  readonly ask: (question: Question) => Promise<{ readonly groups: readonly A[] }>;
  readonly describe: (group: A, coordinator: BrokerNode | undefined) => V | KafkaError;
}

/** @internal Asks the coordinators of groups about them. */
export function describeGroups<A extends GroupAnswer, V>(
  call: AdminCall,
  groupIds: readonly string[],
  { includeAuthorizedOperations = false }: DescribeGroupsOptions,
  kind: GroupKind<A, V>,
): ItemResults<string, V> {
  return call.toCoordinators(
    'group',
    keyed(groupIds, (id) => id),
    (target, open) =>
      describeBy(call, { target, groupIds: [...open.keys()], includeAuthorizedOperations }, kind),
  );
}

async function describeBy<A extends GroupAnswer, V>(
  call: AdminCall,
  question: Question,
  { ask, describe }: GroupKind<A, V>,
): Promise<Outcomes<string, V>> {
  const { groups } = await ask(question);
  const { target } = question;
  const coordinator = typeof target === 'number' ? call.cluster.metadata.brokers.get(target) : undefined;
  return new Map(
    groups.map((group) => [
      group.groupId,
      outcomeOf(group.errorCode, `group ${group.groupId}`, group.errorMessage, () =>
        describe(group, coordinator),
      ),
    ]),
  );
}

/** @internal */
export function describeClassicGroups(
  call: AdminCall,
  groupIds: readonly string[],
  options: DescribeGroupsOptions,
): ItemResults<string, ClassicGroupDescription> {
  return describeGroups(call, groupIds, options, {
    ask: (question) => askClassic(call, question),
    describe: classicGroup,
  });
}

/**
 * By ConsumerGroupDescribe; those that are no such groups, and all of brokers before 3.7, by DescribeGroups.
 *
 * @internal
 */
export function describeConsumerGroups(
  call: AdminCall,
  groupIds: readonly string[],
  { includeAuthorizedOperations = false }: DescribeGroupsOptions,
): ItemResults<string, ConsumerGroupDescription> {
  return call.toCoordinators(
    'group',
    keyed(groupIds, (id) => id),
    async (target, open) => {
      const question = { target, groupIds: [...open.keys()], includeAuthorizedOperations };
      const found = new Map(await askConsumer(call, question));
      const notFound = [...found].filter(([, outcome]) => isOfAnotherKind(outcome));
      if (notFound.length === 0) return found;
      const classicIds = notFound.map(([groupId]) => groupId);
      const classic = await describeBy(
        call,
        { ...question, groupIds: classicIds },
        { ask: (asked) => askClassic(call, asked), describe: classicConsumerGroup },
      );
      for (const [groupId, outcome] of classic) {
        // Where neither knows the group, the first says more about why.
        const isUnknown = isKafkaError(outcome, 'GROUP_ID_NOT_FOUND');
        if (!isUnknown || !isKafkaError(found.get(groupId), 'GROUP_ID_NOT_FOUND'))
          found.set(groupId, outcome);
      }
      return found;
    },
  );
}

/** @internal */
export function describeShareGroups(
  call: AdminCall,
  groupIds: readonly string[],
  options: DescribeGroupsOptions,
): ItemResults<string, ShareGroupDescription> {
  return describeGroups(call, groupIds, options, {
    ask: ({ target, ...body }) =>
      call.request(
        target,
        { request: ShareGroupDescribeRequest, response: ShareGroupDescribeResponse },
        { ...body, groupIds: [...body.groupIds] },
      ),
    describe: shareGroup,
  });
}

function isOfAnotherKind(outcome: unknown): boolean {
  return (
    isKafkaError(outcome, 'GROUP_ID_NOT_FOUND') ||
    isKafkaError(outcome, 'UNSUPPORTED_VERSION') ||
    isKafkaError(outcome, 'UNSUPPORTED')
  );
}

async function askConsumer(
  call: AdminCall,
  question: Question,
): Promise<Outcomes<string, ConsumerGroupDescription>> {
  try {
    return await describeBy(call, question, {
      ask: ({ target, ...body }) =>
        call.request(
          target,
          { request: ConsumerGroupDescribeRequest, response: ConsumerGroupDescribeResponse },
          { ...body, groupIds: [...body.groupIds] },
        ),
      describe: consumerGroup,
    });
  } catch (error) {
    if (!isKafkaError(error, 'UNSUPPORTED')) throw error;
    return new Map(question.groupIds.map((groupId) => [groupId, error]));
  }
}

function askClassic(
  call: AdminCall,
  { target, groupIds, includeAuthorizedOperations }: Question,
): Promise<Infer<typeof DescribeGroupsResponse>> {
  return call.request(
    target,
    { request: DescribeGroupsRequest, response: DescribeGroupsResponse },
    { groups: [...groupIds], ...(includeAuthorizedOperations ? { includeAuthorizedOperations } : {}) },
  );
}

function classicGroup(
  group: ClassicAnswer,
  coordinator: BrokerNode | undefined,
): ClassicGroupDescription | KafkaError {
  const members = membersOf(group);
  if (members instanceof KafkaError) return members;
  return {
    groupId: group.groupId,
    state: group.groupState,
    coordinator,
    authorizedOperations: authorizedOperations(group.authorizedOperations),
    protocolType: group.protocolType,
    protocol: group.protocolData,
    members,
  };
}

function classicConsumerGroup(
  group: ClassicAnswer,
  coordinator: BrokerNode | undefined,
): ConsumerGroupDescription | KafkaError {
  const { groupId, protocolType } = group;
  if (protocolType !== 'consumer' && protocolType !== '') {
    return new KafkaError('INVALID_ARGUMENT', `group ${groupId} is not a consumer group (${protocolType})`);
  }
  const members = membersOf(group);
  if (members instanceof KafkaError) return members;
  return {
    groupId,
    type: 'Classic',
    isSimple: protocolType === '',
    state: group.groupState,
    assignor: group.protocolData,
    coordinator,
    authorizedOperations: authorizedOperations(group.authorizedOperations),
    groupEpoch: undefined,
    assignmentEpoch: undefined,
    members: members.map(({ metadata: _, assignmentBytes: __, ...member }) => ({
      ...member,
      rackId: null,
      targetAssignment: undefined,
      memberEpoch: undefined,
      subscribedTopics: undefined,
      subscribedRegex: undefined,
      isClassic: undefined,
    })),
  };
}

function membersOf(group: ClassicAnswer): ClassicGroupMember[] | KafkaError {
  try {
    return group.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      metadata: member.memberMetadata,
      assignmentBytes: member.memberAssignment,
      assignment: group.protocolType === 'consumer' ? assignmentIn(member.memberAssignment) : [],
    }));
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause;
    return new KafkaError('MALFORMED', `group ${group.groupId} has an assignment that cannot be read`, {
      cause,
    });
  }
}

/** The partitions of an assignment as consumers write it. Newer versions only add to what the newest known has. */
function assignmentIn(bytes: Buffer): TopicPartition[] {
  if (bytes.length === 0) return [];
  const reader = new ByteReader(bytes);
  const version = reader.int16();
  if (version < 0) throw new MalformedError(`version ${version} of an assignment`);
  const { assignedPartitions } = ConsumerProtocolAssignment.at(
    Math.min(version, ConsumerProtocolAssignment.versions.max),
  ).read(reader);
  return assignedPartitions.flatMap(({ topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition })),
  );
}

function consumerGroup(group: ConsumerAnswer, coordinator: BrokerNode | undefined): ConsumerGroupDescription {
  return {
    groupId: group.groupId,
    type: 'Consumer',
    isSimple: false,
    state: group.groupState,
    assignor: group.assignorName,
    coordinator,
    authorizedOperations: authorizedOperations(group.authorizedOperations),
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    members: group.members.map(
      (member): ConsumerGroupMember => ({
        memberId: member.memberId,
        groupInstanceId: member.instanceId,
        rackId: member.rackId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        memberEpoch: member.memberEpoch,
        subscribedTopics: member.subscribedTopicNames,
        subscribedRegex: member.subscribedTopicRegex,
        assignment: partitionsOf(member.assignment),
        targetAssignment: partitionsOf(member.targetAssignment),
        isClassic: member.memberType < 0 ? undefined : member.memberType === 0,
      }),
    ),
  };
}

function shareGroup(group: ShareAnswer, coordinator: BrokerNode | undefined): ShareGroupDescription {
  return {
    groupId: group.groupId,
    state: group.groupState,
    assignor: group.assignorName,
    coordinator,
    authorizedOperations: authorizedOperations(group.authorizedOperations),
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    members: group.members.map(({ memberId, rackId, memberEpoch, clientId, clientHost, ...member }) => ({
      memberId,
      rackId,
      memberEpoch,
      clientId,
      clientHost,
      subscribedTopics: member.subscribedTopicNames,
      assignment: partitionsOf(member.assignment),
    })),
  };
}

function partitionsOf({ topicPartitions }: Assignment): TopicPartition[] {
  return topicPartitions.flatMap(({ topicName: topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition })),
  );
}
