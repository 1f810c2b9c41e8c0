import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  decodeAlterPartition,
  decodeAlterPartitionResult,
  encodeAlterPartition,
  encodeAlterPartitionResult,
} from '../../../../src/kafka/metadata/alter-partition.ts';
import {
  decodeLeaderAndIsr,
  decodeLeaderAndIsrResult,
  decodeStopReplica,
  decodeStopReplicaResult,
  decodeUpdateMetadata,
  encodeLeaderAndIsr,
  encodeLeaderAndIsrResult,
  encodeStopReplica,
  encodeStopReplicaResult,
  encodeUpdateMetadata,
  mergeResults,
} from '../../../../src/kafka/metadata/command-codec.ts';
import type {
  LeaderAndIsrCommand,
  StopReplicaCommand,
  UpdateMetadataCommand,
} from '../../../../src/kafka/metadata/controller-commands.ts';
import { zeroUuid } from '../../../../src/kafka/metadata/model.ts';
import { ErrorCode } from '../../../../src/wire/kafka/errors.ts';
import {
  LeaderAndIsrRequest,
  LeaderAndIsrResponse,
} from '../../../../src/wire/kafka/messages/04-leader-and-isr.ts';
import {
  StopReplicaRequest,
  StopReplicaResponse,
} from '../../../../src/wire/kafka/messages/05-stop-replica.ts';
import { UpdateMetadataRequest } from '../../../../src/wire/kafka/messages/06-update-metadata.ts';
import {
  AlterPartitionRequest,
  AlterPartitionResponse,
} from '../../../../src/wire/kafka/messages/56-alter-partition.ts';

const header = { controllerId: 1, controllerEpoch: 7, brokerEpoch: 99 };
const idOfA = 'Bjv0gMjFRrS1EkfKZmOutg';
const idOfB = 'c66mpwB_RHSQCNqFHhr4PA';
const versions = (last: number) => Array.from({ length: last + 1 }, (_, version) => version);

const results = {
  errorCode: ErrorCode.NONE,
  partitions: [
    { topic: 'a', partition: 0, errorCode: ErrorCode.NONE },
    { topic: 'a', partition: 1, errorCode: ErrorCode.KAFKA_STORAGE_ERROR },
    { topic: 'b', partition: 0, errorCode: ErrorCode.NONE },
  ],
};

describe('LeaderAndIsr', () => {
  const partition = (topic: string, topicId: string, index: number) => ({
    topic,
    topicId,
    partition: index,
    controllerEpoch: 6,
    leader: 2,
    leaderEpoch: 4,
    isr: [2, 3],
    leaderRecovering: index === 1,
    partitionEpoch: 12,
    replicas: [2, 3, 1],
    addingReplicas: [3],
    removingReplicas: [1],
    isNew: index === 0,
  });
  const command: LeaderAndIsrCommand = {
    kind: 'leaderAndIsr',
    ...header,
    partitions: [partition('a', idOfA, 0), partition('a', idOfA, 1), partition('b', idOfB, 0)],
  };

  for (const version of versions(7)) {
    it(`says in version ${version} what it has room for`, () => {
      const leaders = [{ brokerId: 2, hostName: 'host', port: 9092 }];
      const codec = LeaderAndIsrRequest.at(version);
      const request = codec.decode(codec.encode(encodeLeaderAndIsr(command, version, leaders)));
      assert.deepEqual(
        request.liveLeaders.map(({ brokerId, hostName, port }) => ({ brokerId, hostName, port })),
        leaders,
      );
      assert.deepEqual(decodeLeaderAndIsr(request), {
        ...command,
        brokerEpoch: version >= 2 ? 99 : -1,
        partitions: command.partitions.map((each) => ({
          ...each,
          topicId: version >= 5 ? each.topicId : zeroUuid,
          addingReplicas: version >= 3 ? each.addingReplicas : [],
          removingReplicas: version >= 3 ? each.removingReplicas : [],
          isNew: version >= 1 && each.isNew,
          leaderRecovering: version >= 6 && each.leaderRecovering,
        })),
      });
    });

    it(`is answered in version ${version}`, () => {
      const codec = LeaderAndIsrResponse.at(version);
      const response = codec.decode(codec.encode(encodeLeaderAndIsrResult(results, command, version)));
      assert.deepEqual(decodeLeaderAndIsrResult(response, command), results);
    });
  }
});

describe('StopReplica', () => {
  const command: StopReplicaCommand = {
    kind: 'stopReplica',
    ...header,
    partitions: [
      { topic: 'a', partition: 0, leaderEpoch: 4, deletePartition: true },
      { topic: 'b', partition: 0, leaderEpoch: 5, deletePartition: false },
      { topic: 'a', partition: 1, leaderEpoch: -2, deletePartition: true },
    ],
  };
  for (const version of versions(4)) {
    it(`takes as many requests as version ${version} needs`, () => {
      const codec = StopReplicaRequest.at(version);
      const decoded = encodeStopReplica(command, version).map((body) =>
        decodeStopReplica(codec.decode(codec.encode(body))),
      );
      assert.equal(decoded.length, version >= 3 ? 1 : 2);
      const byName = (list: StopReplicaCommand['partitions']) =>
        list.toSorted((left, right) =>
          `${left.topic}-${left.partition}` < `${right.topic}-${right.partition}` ? -1 : 1,
        );
      assert.deepEqual(
        byName(decoded.flatMap(({ partitions }) => partitions)),
        byName(command.partitions).map((each) => ({
          ...each,
          leaderEpoch: version >= 3 ? each.leaderEpoch : -1,
        })),
      );
      assert.ok(decoded.every(({ brokerEpoch }) => brokerEpoch === (version >= 1 ? 99 : -1)));
      const answers = StopReplicaResponse.at(version);
      assert.deepEqual(
        decodeStopReplicaResult(answers.decode(answers.encode(encodeStopReplicaResult(results)))),
        results,
      );
    });
  }

  it('fails as a whole when one of its requests does', () => {
    const failed = { errorCode: ErrorCode.STALE_BROKER_EPOCH, partitions: [] };
    assert.deepEqual(mergeResults([results, failed]), {
      ...results,
      errorCode: ErrorCode.STALE_BROKER_EPOCH,
    });
  });
});

describe('UpdateMetadata', () => {
  const endpoint = (listenerName: string, port: number) => ({
    listenerName,
    securityProtocol: listenerName === 'SSL' ? 'SSL' : 'PLAINTEXT',
    host: 'host',
    port,
  });
  const command: UpdateMetadataCommand = {
    kind: 'updateMetadata',
    ...header,
    change: {
      controllerId: 1,
      controllerEpoch: 7,
      brokers: [
        {
          id: 2,
          epoch: 99,
          rack: 'r1',
          endpoints: [endpoint('PLAINTEXT', 1), endpoint('INTERNAL', 2), endpoint('SSL', 3)],
        },
      ],
      partitions: [
        {
          topic: 'a',
          partition: 3,
          controllerEpoch: 6,
          leader: 2,
          leaderEpoch: 4,
          isr: [2, 3],
          leaderRecovering: false,
          partitionEpoch: 12,
          replicas: [2, 3, 1],
          offlineReplicas: [1],
        },
      ],
      topicIds: new Map([['a', idOfA]]),
    },
  };
  for (const version of versions(8)) {
    it(`says in version ${version} what it has room for`, () => {
      const codec = UpdateMetadataRequest.at(version);
      const request = codec.decode(codec.encode(encodeUpdateMetadata(command, version)));
      const ports = version === 0 ? [1] : version < 3 ? [1, 3] : [1, 2, 3];
      assert.deepEqual(decodeUpdateMetadata(request, version), {
        ...command,
        brokerEpoch: version >= 5 ? 99 : -1,
        change: {
          ...command.change,
          brokers: command.change.brokers?.map((broker) => ({
            ...broker,
            epoch: -1,
            rack: version >= 2 ? broker.rack : '',
            endpoints: broker.endpoints.filter(({ port }) => ports.includes(port)),
          })),
          partitions: command.change.partitions?.map((each) => ({
            ...each,
            offlineReplicas: version >= 4 ? each.offlineReplicas : [],
          })),
          topicIds: version >= 7 ? command.change.topicIds : new Map(),
        },
      });
    });
  }
});

describe('AlterPartition', () => {
  const command = {
    brokerId: 2,
    brokerEpoch: 99,
    partitions: [
      {
        topic: 'a',
        topicId: idOfA,
        partition: 1,
        leaderEpoch: 4,
        isr: [
          { brokerId: 2, brokerEpoch: 99 },
          { brokerId: 3, brokerEpoch: -1 },
        ],
        leaderRecovering: false,
        partitionEpoch: 12,
      },
    ],
  };
  const result = {
    errorCode: ErrorCode.NONE,
    partitions: [
      {
        topic: 'a',
        topicId: idOfA,
        partition: 1,
        errorCode: ErrorCode.NONE,
        state: { leader: 2, leaderEpoch: 4, isr: [2, 3], leaderRecovering: false, partitionEpoch: 13 },
      },
      { topic: 'a', topicId: idOfA, partition: 2, errorCode: ErrorCode.INVALID_UPDATE_VERSION, state: null },
    ],
  };
  for (const version of versions(3)) {
    it(`names topics and members of the ISR as version ${version} does`, () => {
      const codec = AlterPartitionRequest.at(version);
      const decoded = decodeAlterPartition(
        codec.decode(codec.encode(encodeAlterPartition(command, version))),
        version,
      );
      assert.deepEqual(decoded, {
        ...command,
        partitions: command.partitions.map((each) => ({
          ...each,
          topic: version < 2 ? 'a' : '',
          topicId: version < 2 ? zeroUuid : idOfA,
          isr: each.isr.map((member) => (version < 3 ? { ...member, brokerEpoch: -1 } : member)),
        })),
      });
      const answers = AlterPartitionResponse.at(version);
      const answer = answers.decode(answers.encode(encodeAlterPartitionResult(result)));
      assert.deepEqual(decodeAlterPartitionResult(answer, command), {
        ...result,
        partitions: result.partitions.map((each) => ({ ...each, topicId: version < 2 ? zeroUuid : idOfA })),
      });
    });
  }
});
