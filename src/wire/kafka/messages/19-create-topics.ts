/**
 * CreateTopics: new topics, with counts or explicit assignments; can only validate.
 *
 * Version 4 takes -1 for the broker's default counts (KIP-464), 5 answers with the resulting configs (KIP-525).
 */
import { array, bool, int8, int16, int32, message, string, uuid } from '../schema/index.ts';

export const CreateTopicsRequest = message(
  'CreateTopicsRequest',
  { key: 19, kind: 'request', versions: '0-7', flexible: '5+' },
  {
    topics: array('0+', {
      name: string('0+'),
      numPartitions: int32('0+'),
      replicationFactor: int16('0+'),
      assignments: array('0+', {
        partitionIndex: int32('0+'),
        brokerIds: array('0+', 'int32'),
      }),
      configs: array('0+', {
        name: string('0+'),
        value: string('0+', { nullable: '0+' }),
      }),
    }),
    timeoutMs: int32('0+', { default: 60_000 }),
    validateOnly: bool('1+', { default: false }),
  },
);

export const CreateTopicsResponse = message(
  'CreateTopicsResponse',
  { key: 19, kind: 'response', versions: '0-7', flexible: '5+' },
  {
    throttleTimeMs: int32('2+', { ignorable: true }),
    topics: array('0+', {
      name: string('0+'),
      topicId: uuid('7+', { ignorable: true }),
      errorCode: int16('0+'),
      errorMessage: string('1+', { nullable: '0+', ignorable: true }),
      topicConfigErrorCode: int16('5+', { tag: 0, ignorable: true }),
      numPartitions: int32('5+', { default: -1, ignorable: true }),
      replicationFactor: int16('5+', { default: -1, ignorable: true }),
      configs: array(
        '5+',
        {
          name: string('5+'),
          value: string('5+', { nullable: '5+' }),
          readOnly: bool('5+'),
          configSource: int8('5+', { default: -1, ignorable: true }),
          isSensitive: bool('5+'),
        },
        { nullable: '5+', ignorable: true },
      ),
    }),
  },
);
