import { ErrorCode } from '../../../../src/wire/kafka/errors.ts';
import { buildBatch } from '../../../../src/wire/kafka/records/builder.ts';
import type { Conversation } from '../conversation.ts';
import {
  ConsumerGroupDescribe,
  ConsumerGroupHeartbeat,
  DescribeProducers,
  Envelope,
  Produce,
  SaslAuthenticate,
  SaslHandshake,
} from '../pairs.ts';
import { fill, makeTopic, produceDraft, someRecords } from './common.ts';

export const describingProducers: Conversation = {
  name: 'describing-producers',
  async hold(talk) {
    await makeTopic(talk, 'written-to', {}, 2);
    const describe = (step: string, topics: { name: string; partitionIndexes: number[] }[]) =>
      talk.ask(step, DescribeProducers, 0, { topics });
    const written = { name: 'written-to', partitionIndexes: [0] };
    await describe('nobody has written', [written]);
    await fill(talk, 'written-to', [2]);
    await describe('one without an id has written', [written]);
    const produce = async (
      producerId: bigint,
      producerEpoch: number,
      baseSequence: number,
      count: number,
    ) => {
      const batch = buildBatch(someRecords(count), { producerId, producerEpoch, baseSequence });
      const answer = await talk.send(Produce, 9, produceDraft('written-to', batch));
      const errorCode = answer?.responses[0]?.partitionResponses[0]?.errorCode;
      if (errorCode !== ErrorCode.NONE) throw new Error(`producer ${producerId}: error ${errorCode}`);
    };
    await produce(77n, 0, 0, 3);
    await describe('one producer', [written]);
    await produce(77n, 0, 3, 1);
    await produce(78n, 5, 0, 2);
    await describe('two producers', [written]);
    await produce(77n, 1, 0, 1);
    await describe('one of a later epoch', [{ name: 'written-to', partitionIndexes: [0, 1, 2] }]);
    await describe('strange topics', [
      { name: 'nowhere', partitionIndexes: [0, 1] },
      { name: 'a b', partitionIndexes: [0] },
      { name: '', partitionIndexes: [0] },
    ]);
    await describe('a negative partition', [{ name: 'written-to', partitionIndexes: [-1] }]);
    await describe('one topic twice', [written, written]);
    await describe('no partitions', [{ name: 'written-to', partitionIndexes: [] }]);
    await describe('no topics', []);
  },
};

/** What a broker in ZooKeeper mode, on a listener without authentication, advertises but refuses. */
export const refusing: Conversation = {
  name: 'refusing',
  async hold(talk) {
    for (const version of [0, 1]) {
      for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', '', 'nonsense']) {
        await talk.ask(`handshake ${version} "${mechanism}"`, SaslHandshake, version, { mechanism });
      }
    }
    for (const version of [0, 1, 2]) {
      await talk.ask(`authenticate ${version}`, SaslAuthenticate, version, {
        authBytes: Buffer.from('\0a\0b'),
      });
    }
    await talk.ask('an envelope', Envelope, 0, {
      requestData: Buffer.alloc(20),
      requestPrincipal: null,
      clientHostAddress: Buffer.from([127, 0, 0, 1]),
    });
    const member = {
      memberId: '',
      memberEpoch: 0,
      subscribedTopicNames: ['t'],
      rebalanceTimeoutMs: 1000,
      topicPartitions: [],
    };
    await talk.ask('heartbeat of a new group', ConsumerGroupHeartbeat, 0, { groupId: 'new', ...member });
    await talk.ask('heartbeat of no group', ConsumerGroupHeartbeat, 0, { groupId: '', ...member });
    for (const groupIds of [['a', 'b'], ['a', 'a'], ['']]) {
      const flags = { includeAuthorizedOperations: true };
      await talk.ask(`groups ${groupIds}`, ConsumerGroupDescribe, 0, { groupIds, ...flags });
    }
    await talk.ask('no groups', ConsumerGroupDescribe, 0, {
      groupIds: [],
      includeAuthorizedOperations: false,
    });
  },
};
