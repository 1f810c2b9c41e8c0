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

/** @internal */
export function describeClassicGroups(
  call: AdminCall,
  groupIds: readonly string[],
  { includeAuthorizedOperations = false }: DescribeGroupsOptions,
): ItemResults<string, ClassicGroupDescription> {
  return call.toCoordinators(
    'group',
    keyed(groupIds, (id) => id),
    (target, open) =>
      askClassic(call, { target, groupIds: [...open.keys()], includeAuthorizedOperations }, classicGroup),
  );
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
      const classic = await askClassic(call, { ...question, groupIds: classicIds }, classicConsumerGroup);
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
  { includeAuthorizedOperations = false }: DescribeGroupsOptions,
): ItemResults<string, ShareGroupDescription> {
  return call.toCoordinators(
    'group',
    keyed(groupIds, (id) => id),
    async (target, open) => {
      const { groups } = await call.request(
        target,
        { request: ShareGroupDescribeRequest, response: ShareGroupDescribeResponse },
        { groupIds: [...open.keys()], includeAuthorizedOperations },
      );
      const coordinator = brokerOf(call, target);
      return outcomes(groups, (group) => shareGroup(group, coordinator));
    },
  );
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
  { target, groupIds, includeAuthorizedOperations }: Question,
): Promise<Outcomes<string, ConsumerGroupDescription>> {
  try {
    const { groups } = await call.request(
      target,
      { request: ConsumerGroupDescribeRequest, response: ConsumerGroupDescribeResponse },
      { groupIds: [...groupIds], includeAuthorizedOperations },
    );
    const coordinator = brokerOf(call, target);
    return outcomes(groups, (group) => consumerGroup(group, coordinator));
  } catch (error) {
    if (!isKafkaError(error, 'UNSUPPORTED')) throw error;
    return new Map(groupIds.map((groupId) => [groupId, error]));
  }
}

async function askClassic<V>(
  call: AdminCall,
  { target, groupIds, includeAuthorizedOperations }: Question,
  convert: (group: ClassicAnswer, coordinator: BrokerNode | undefined) => V | KafkaError,
): Promise<Outcomes<string, V>> {
  const { groups } = await call.request(
    target,
    { request: DescribeGroupsRequest, response: DescribeGroupsResponse },
    { groups: [...groupIds], ...(includeAuthorizedOperations ? { includeAuthorizedOperations } : {}) },
  );
  const coordinator = brokerOf(call, target);
  return outcomes(groups, (group) => convert(group, coordinator));
}

function outcomes<
  A extends { readonly groupId: string; readonly errorCode: number; readonly errorMessage: string | null },
  V,
>(groups: readonly A[], value: (group: A) => V | KafkaError): Outcomes<string, V> {
  return new Map(
    groups.map((group) => [
      group.groupId,
      outcomeOf(group.errorCode, `group ${group.groupId}`, group.errorMessage, () => value(group)),
    ]),
  );
}

function brokerOf(call: AdminCall, target: Target): BrokerNode | undefined {
  return typeof target === 'number' ? call.cluster.metadata.brokers.get(target) : undefined;
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
