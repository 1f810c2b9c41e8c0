import assert from 'node:assert/strict';
import type { Cluster } from '../../../src/clients/kafka/cluster/cluster.ts';
import { throwIfError } from '../../../src/clients/kafka/kafka-error.ts';
import { JoinGroupRequest, JoinGroupResponse } from '../../../src/wire/kafka/messages/11-join-group.ts';
import { SyncGroupRequest, SyncGroupResponse } from '../../../src/wire/kafka/messages/14-sync-group.ts';
import {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from '../../../src/wire/kafka/messages/68-consumer-group-heartbeat.ts';
import {
  ShareGroupHeartbeatRequest,
  ShareGroupHeartbeatResponse,
} from '../../../src/wire/kafka/messages/76-share-group-heartbeat.ts';
import { ConsumerProtocolAssignment } from '../../../src/wire/kafka/stored/consumer-protocol.ts';

/** Has a member enter a classic group and be given partition 0 of a topic; gives its id. */
export async function joinClassicGroup(cluster: Cluster, groupId: string, topic: string): Promise<string> {
  const group = { coordinator: 'group', key: groupId } as const;
  const join = (memberId: string) =>
    cluster.request(
      group,
      { request: JoinGroupRequest, response: JoinGroupResponse },
      {
        groupId,
        sessionTimeoutMs: 30_000,
        rebalanceTimeoutMs: 30_000,
        memberId,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.from([0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]) }],
      },
      { versions: { min: 2, max: 2 } },
    );
  const { memberId, generationId } = await cluster.retry(async () => {
    const joined = await join('');
    throwIfError(joined.errorCode, `group ${groupId}`);
    return joined;
  });
  const assignment = ConsumerProtocolAssignment.at(0).encode({
    assignedPartitions: [{ topic, partitions: [0] }],
  });
  const synced = await cluster.request(
    group,
    { request: SyncGroupRequest, response: SyncGroupResponse },
    {
      groupId,
      generationId,
      memberId,
      assignments: [{ memberId, assignment: Buffer.concat([Buffer.from([0, 0]), assignment]) }],
    },
    { versions: { min: 2, max: 2 } },
  );
  assert.equal(synced.errorCode, 0);
  return memberId;
}

/** Has a member enter a group of KIP-848; gives how to leave. */
export async function joinConsumerGroup(
  cluster: Cluster,
  groupId: string,
  topic: string,
): Promise<() => Promise<void>> {
  const memberId = 'AAAAAAAAAAAAAAAAAAAAAQ';
  const beat = async (memberEpoch: number) => {
    const answer = await cluster.request(
      { coordinator: 'group', key: groupId },
      { request: ConsumerGroupHeartbeatRequest, response: ConsumerGroupHeartbeatResponse },
      {
        groupId,
        memberId,
        memberEpoch,
        rebalanceTimeoutMs: 30_000,
        subscribedTopicNames: [topic],
        topicPartitions: [],
      },
    );
    throwIfError(answer.errorCode, `group ${groupId}`, answer.errorMessage);
  };
  await cluster.retry(() => beat(0));
  return () => beat(-1);
}

/** Has a member enter a share group; gives how to leave. */
export async function joinShareGroup(
  cluster: Cluster,
  groupId: string,
  topic: string,
): Promise<() => Promise<void>> {
  const memberId = 'AAAAAAAAAAAAAAAAAAAAAQ';
  const beat = async (memberEpoch: number) => {
    const answer = await cluster.request(
      { coordinator: 'group', key: groupId },
      { request: ShareGroupHeartbeatRequest, response: ShareGroupHeartbeatResponse },
      { groupId, memberId, memberEpoch, subscribedTopicNames: [topic] },
    );
    throwIfError(answer.errorCode, `share group ${groupId}`, answer.errorMessage);
  };
  await cluster.retry(() => beat(0));
  return () => beat(-1);
}
