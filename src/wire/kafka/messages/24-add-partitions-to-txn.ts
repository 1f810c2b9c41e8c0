/**
 * AddPartitionsToTxn: partitions that a transaction is about to write.
 *
 * Up to version 3 one transaction from a client; version 4 is a batch from a broker that verifies transactions
 * (KIP-890).
 */
import { array, bigint64, bool, int16, int32, message, string } from '../schema/index.ts';

const AddPartitionsToTxnTopic = {
  name: string('0+'),
  partitions: array('0+', 'int32'),
};

export const AddPartitionsToTxnRequest = message(
  'AddPartitionsToTxnRequest',
  { key: 24, kind: 'request', versions: '0-5', flexible: '3+' },
  {
    transactions: array('4+', {
      transactionalId: string('4+'),
      producerId: bigint64('4+'),
      producerEpoch: int16('4+'),
      verifyOnly: bool('4+', { default: false }),
      topics: array('4+', AddPartitionsToTxnTopic),
    }),
    v3AndBelowTransactionalId: string('0-3'),
    v3AndBelowProducerId: bigint64('0-3'),
    v3AndBelowProducerEpoch: int16('0-3'),
    v3AndBelowTopics: array('0-3', AddPartitionsToTxnTopic),
  },
);

const AddPartitionsToTxnPartitionResult = {
  partitionIndex: int32('0+'),
  partitionErrorCode: int16('0+'),
};

const AddPartitionsToTxnTopicResult = {
  name: string('0+'),
  resultsByPartition: array('0+', AddPartitionsToTxnPartitionResult),
};

export const AddPartitionsToTxnResponse = message(
  'AddPartitionsToTxnResponse',
  { key: 24, kind: 'response', versions: '0-5', flexible: '3+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('4+', { ignorable: true }),
    resultsByTransaction: array('4+', {
      transactionalId: string('4+'),
      topicResults: array('4+', AddPartitionsToTxnTopicResult),
    }),
    resultsByTopicV3AndBelow: array('0-3', AddPartitionsToTxnTopicResult),
  },
);
