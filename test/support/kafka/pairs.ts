/** Requests with their responses, as a test names them. */
import { ProduceRequest, ProduceResponse } from '../../../src/wire/kafka/messages/00-produce.ts';
import { FetchRequest, FetchResponse } from '../../../src/wire/kafka/messages/01-fetch.ts';
import { ListOffsetsRequest, ListOffsetsResponse } from '../../../src/wire/kafka/messages/02-list-offsets.ts';
import { MetadataRequest, MetadataResponse } from '../../../src/wire/kafka/messages/03-metadata.ts';
import {
  LeaderAndIsrRequest,
  LeaderAndIsrResponse,
} from '../../../src/wire/kafka/messages/04-leader-and-isr.ts';
import { StopReplicaRequest, StopReplicaResponse } from '../../../src/wire/kafka/messages/05-stop-replica.ts';
import {
  UpdateMetadataRequest,
  UpdateMetadataResponse,
} from '../../../src/wire/kafka/messages/06-update-metadata.ts';
import {
  OffsetCommitRequest,
  OffsetCommitResponse,
} from '../../../src/wire/kafka/messages/08-offset-commit.ts';
import { OffsetFetchRequest, OffsetFetchResponse } from '../../../src/wire/kafka/messages/09-offset-fetch.ts';
import {
  FindCoordinatorRequest,
  FindCoordinatorResponse,
} from '../../../src/wire/kafka/messages/10-find-coordinator.ts';
import { JoinGroupRequest, JoinGroupResponse } from '../../../src/wire/kafka/messages/11-join-group.ts';
import { HeartbeatRequest, HeartbeatResponse } from '../../../src/wire/kafka/messages/12-heartbeat.ts';
import { LeaveGroupRequest, LeaveGroupResponse } from '../../../src/wire/kafka/messages/13-leave-group.ts';
import { SyncGroupRequest, SyncGroupResponse } from '../../../src/wire/kafka/messages/14-sync-group.ts';
import {
  DescribeGroupsRequest,
  DescribeGroupsResponse,
} from '../../../src/wire/kafka/messages/15-describe-groups.ts';
import { ListGroupsRequest, ListGroupsResponse } from '../../../src/wire/kafka/messages/16-list-groups.ts';
import {
  SaslHandshakeRequest,
  SaslHandshakeResponse,
} from '../../../src/wire/kafka/messages/17-sasl-handshake.ts';
import { ApiVersionsRequest, ApiVersionsResponse } from '../../../src/wire/kafka/messages/18-api-versions.ts';
import {
  CreateTopicsRequest,
  CreateTopicsResponse,
} from '../../../src/wire/kafka/messages/19-create-topics.ts';
import {
  DeleteTopicsRequest,
  DeleteTopicsResponse,
} from '../../../src/wire/kafka/messages/20-delete-topics.ts';
import {
  DeleteRecordsRequest,
  DeleteRecordsResponse,
} from '../../../src/wire/kafka/messages/21-delete-records.ts';
import {
  InitProducerIdRequest,
  InitProducerIdResponse,
} from '../../../src/wire/kafka/messages/22-init-producer-id.ts';
import {
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
} from '../../../src/wire/kafka/messages/23-offset-for-leader-epoch.ts';
import {
  DescribeConfigsRequest,
  DescribeConfigsResponse,
} from '../../../src/wire/kafka/messages/32-describe-configs.ts';
import {
  AlterConfigsRequest,
  AlterConfigsResponse,
} from '../../../src/wire/kafka/messages/33-alter-configs.ts';
import {
  DescribeLogDirsRequest,
  DescribeLogDirsResponse,
} from '../../../src/wire/kafka/messages/35-describe-log-dirs.ts';
import {
  SaslAuthenticateRequest,
  SaslAuthenticateResponse,
} from '../../../src/wire/kafka/messages/36-sasl-authenticate.ts';
import {
  CreatePartitionsRequest,
  CreatePartitionsResponse,
} from '../../../src/wire/kafka/messages/37-create-partitions.ts';
import {
  DeleteGroupsRequest,
  DeleteGroupsResponse,
} from '../../../src/wire/kafka/messages/42-delete-groups.ts';
import {
  ElectLeadersRequest,
  ElectLeadersResponse,
} from '../../../src/wire/kafka/messages/43-elect-leaders.ts';
import {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from '../../../src/wire/kafka/messages/44-incremental-alter-configs.ts';
import {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from '../../../src/wire/kafka/messages/45-alter-partition-reassignments.ts';
import {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from '../../../src/wire/kafka/messages/46-list-partition-reassignments.ts';
import {
  OffsetDeleteRequest,
  OffsetDeleteResponse,
} from '../../../src/wire/kafka/messages/47-offset-delete.ts';
import {
  DescribeClientQuotasRequest,
  DescribeClientQuotasResponse,
} from '../../../src/wire/kafka/messages/48-describe-client-quotas.ts';
import {
  AlterClientQuotasRequest,
  AlterClientQuotasResponse,
} from '../../../src/wire/kafka/messages/49-alter-client-quotas.ts';
import {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse,
} from '../../../src/wire/kafka/messages/50-describe-user-scram-credentials.ts';
import {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponse,
} from '../../../src/wire/kafka/messages/51-alter-user-scram-credentials.ts';
import { EnvelopeRequest, EnvelopeResponse } from '../../../src/wire/kafka/messages/58-envelope.ts';
import {
  DescribeClusterRequest,
  DescribeClusterResponse,
} from '../../../src/wire/kafka/messages/60-describe-cluster.ts';
import {
  DescribeProducersRequest,
  DescribeProducersResponse,
} from '../../../src/wire/kafka/messages/61-describe-producers.ts';
import {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from '../../../src/wire/kafka/messages/68-consumer-group-heartbeat.ts';
import {
  ConsumerGroupDescribeRequest,
  ConsumerGroupDescribeResponse,
} from '../../../src/wire/kafka/messages/69-consumer-group-describe.ts';

export const Produce = { request: ProduceRequest, response: ProduceResponse };
export const Fetch = { request: FetchRequest, response: FetchResponse };
export const ListOffsets = { request: ListOffsetsRequest, response: ListOffsetsResponse };
export const Metadata = { request: MetadataRequest, response: MetadataResponse };
export const OffsetCommit = { request: OffsetCommitRequest, response: OffsetCommitResponse };
export const OffsetFetch = { request: OffsetFetchRequest, response: OffsetFetchResponse };
export const FindCoordinator = { request: FindCoordinatorRequest, response: FindCoordinatorResponse };
export const JoinGroup = { request: JoinGroupRequest, response: JoinGroupResponse };
export const Heartbeat = { request: HeartbeatRequest, response: HeartbeatResponse };
export const LeaveGroup = { request: LeaveGroupRequest, response: LeaveGroupResponse };
export const SyncGroup = { request: SyncGroupRequest, response: SyncGroupResponse };
export const DescribeGroups = { request: DescribeGroupsRequest, response: DescribeGroupsResponse };
export const ListGroups = { request: ListGroupsRequest, response: ListGroupsResponse };
export const ApiVersions = { request: ApiVersionsRequest, response: ApiVersionsResponse };
export const CreateTopics = { request: CreateTopicsRequest, response: CreateTopicsResponse };
export const DeleteTopics = { request: DeleteTopicsRequest, response: DeleteTopicsResponse };
export const DeleteRecords = { request: DeleteRecordsRequest, response: DeleteRecordsResponse };
export const InitProducerId = { request: InitProducerIdRequest, response: InitProducerIdResponse };
export const OffsetForLeaderEpoch = {
  request: OffsetForLeaderEpochRequest,
  response: OffsetForLeaderEpochResponse,
};
export const DescribeConfigs = { request: DescribeConfigsRequest, response: DescribeConfigsResponse };
export const AlterConfigs = { request: AlterConfigsRequest, response: AlterConfigsResponse };
export const DescribeLogDirs = { request: DescribeLogDirsRequest, response: DescribeLogDirsResponse };
export const CreatePartitions = { request: CreatePartitionsRequest, response: CreatePartitionsResponse };
export const DeleteGroups = { request: DeleteGroupsRequest, response: DeleteGroupsResponse };
export const IncrementalAlterConfigs = {
  request: IncrementalAlterConfigsRequest,
  response: IncrementalAlterConfigsResponse,
};
export const OffsetDelete = { request: OffsetDeleteRequest, response: OffsetDeleteResponse };
export const DescribeCluster = { request: DescribeClusterRequest, response: DescribeClusterResponse };
export const SaslHandshake = { request: SaslHandshakeRequest, response: SaslHandshakeResponse };
export const SaslAuthenticate = { request: SaslAuthenticateRequest, response: SaslAuthenticateResponse };
export const DescribeClientQuotas = {
  request: DescribeClientQuotasRequest,
  response: DescribeClientQuotasResponse,
};
export const AlterClientQuotas = { request: AlterClientQuotasRequest, response: AlterClientQuotasResponse };
export const DescribeUserScramCredentials = {
  request: DescribeUserScramCredentialsRequest,
  response: DescribeUserScramCredentialsResponse,
};
export const AlterUserScramCredentials = {
  request: AlterUserScramCredentialsRequest,
  response: AlterUserScramCredentialsResponse,
};
export const Envelope = { request: EnvelopeRequest, response: EnvelopeResponse };
export const DescribeProducers = { request: DescribeProducersRequest, response: DescribeProducersResponse };
export const ConsumerGroupHeartbeat = {
  request: ConsumerGroupHeartbeatRequest,
  response: ConsumerGroupHeartbeatResponse,
};
export const ConsumerGroupDescribe = {
  request: ConsumerGroupDescribeRequest,
  response: ConsumerGroupDescribeResponse,
};
export const LeaderAndIsr = { request: LeaderAndIsrRequest, response: LeaderAndIsrResponse };
export const StopReplica = { request: StopReplicaRequest, response: StopReplicaResponse };
export const UpdateMetadata = { request: UpdateMetadataRequest, response: UpdateMetadataResponse };
export const ElectLeaders = { request: ElectLeadersRequest, response: ElectLeadersResponse };
export const AlterPartitionReassignments = {
  request: AlterPartitionReassignmentsRequest,
  response: AlterPartitionReassignmentsResponse,
};
export const ListPartitionReassignments = {
  request: ListPartitionReassignmentsRequest,
  response: ListPartitionReassignmentsResponse,
};
