import {
  StreamsGroupDescribeRequest,
  StreamsGroupDescribeResponse,
} from '../../../wire/kafka/messages/89-streams-group-describe.ts';
import type { Infer } from '../../../wire/kafka/schema/index.ts';
import type { AdminCall } from './admin-call.ts';
import { type DescribeGroupsOptions, describeGroups } from './describe-groups.ts';
import type { GroupState, MemberIdentity } from './group-description.ts';
import type { ItemResults } from './item-results.ts';
import { authorizedOperations } from './operations.ts';

/** The tasks of one part of a topology, by partition. */
export interface StreamsTasks {
  readonly subtopologyId: string;
  readonly partitions: readonly number[];
}

export interface StreamsAssignment {
  readonly activeTasks: readonly StreamsTasks[];
  readonly standbyTasks: readonly StreamsTasks[];
  readonly warmupTasks: readonly StreamsTasks[];
}

export interface StreamsTaskOffset {
  readonly subtopologyId: string;
  readonly partition: number;
  readonly offset: number;
}

export interface StreamsTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly configs: Readonly<Record<string, string>>;
}

export interface StreamsSubtopology {
  readonly subtopologyId: string;
  readonly sourceTopics: readonly string[];
  readonly repartitionSinkTopics: readonly string[];
  readonly stateChangelogTopics: readonly StreamsTopic[];
  readonly repartitionSourceTopics: readonly StreamsTopic[];
}

export interface StreamsGroupMember extends MemberIdentity {
  readonly memberEpoch: number;
  readonly groupInstanceId: string | null;
  readonly rackId: string | null;
  readonly topologyEpoch: number;
  readonly processId: string;
  /** Where the application says that its state can be asked for. */
  readonly userEndpoint: { readonly host: string; readonly port: number } | null;
  readonly clientTags: Readonly<Record<string, string>>;
  readonly taskOffsets: readonly StreamsTaskOffset[];
  readonly taskEndOffsets: readonly StreamsTaskOffset[];
  readonly assignment: StreamsAssignment;
  readonly targetAssignment: StreamsAssignment;
  /** Whether it speaks the classic protocol. */
  readonly isClassic: boolean;
}

/** A group of Kafka Streams applications (KIP-1071). */
export interface StreamsGroupDescription extends GroupState {
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  /** Undefined before a member has told it. */
  readonly topologyEpoch: number | undefined;
  readonly subtopologies: readonly StreamsSubtopology[];
  readonly members: readonly StreamsGroupMember[];
}

type GroupAnswer = Infer<typeof StreamsGroupDescribeResponse>['groups'][number];
type TopicAnswer = NonNullable<
  NonNullable<GroupAnswer['topology']>['subtopologies']
>[number]['stateChangelogTopics'][number];

/** @internal */
export function describeStreamsGroups(
  call: AdminCall,
  groupIds: readonly string[],
  options: DescribeGroupsOptions,
): ItemResults<string, StreamsGroupDescription> {
  return describeGroups(call, groupIds, options, {
    ask: ({ target, ...body }) =>
      call.request(
        target,
        { request: StreamsGroupDescribeRequest, response: StreamsGroupDescribeResponse },
        { ...body, groupIds: [...body.groupIds] },
      ),
    describe: (group, coordinator) => ({ ...streamsGroup(group), coordinator }),
  });
}

function streamsGroup(group: GroupAnswer): Omit<StreamsGroupDescription, 'coordinator'> {
  return {
    groupId: group.groupId,
    state: group.groupState,
    authorizedOperations: authorizedOperations(group.authorizedOperations),
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    topologyEpoch: group.topology?.epoch,
    subtopologies: (group.topology?.subtopologies ?? []).map((subtopology) => ({
      subtopologyId: subtopology.subtopologyId,
      sourceTopics: subtopology.sourceTopics,
      repartitionSinkTopics: subtopology.repartitionSinkTopics,
      stateChangelogTopics: subtopology.stateChangelogTopics.map(topicOf),
      repartitionSourceTopics: subtopology.repartitionSourceTopics.map(topicOf),
    })),
    members: group.members.map((member) => ({
      memberId: member.memberId,
      memberEpoch: member.memberEpoch,
      groupInstanceId: member.instanceId,
      rackId: member.rackId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      topologyEpoch: member.topologyEpoch,
      processId: member.processId,
      userEndpoint: member.userEndpoint,
      clientTags: byKey(member.clientTags),
      taskOffsets: member.taskOffsets,
      taskEndOffsets: member.taskEndOffsets,
      assignment: member.assignment,
      targetAssignment: member.targetAssignment,
      isClassic: member.isClassic,
    })),
  };
}

function topicOf({ name, partitions, replicationFactor, topicConfigs }: TopicAnswer): StreamsTopic {
  return { name, partitions, replicationFactor, configs: byKey(topicConfigs) };
}

const byKey = (entries: readonly { readonly key: string; readonly value: string }[]) =>
  Object.fromEntries(entries.map(({ key, value }) => [key, value]));
