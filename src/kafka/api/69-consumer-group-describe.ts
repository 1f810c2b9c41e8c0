import { ErrorCode } from '../../wire/kafka/errors.ts';
import {
  ConsumerGroupDescribeRequest,
  ConsumerGroupDescribeResponse,
} from '../../wire/kafka/messages/69-consumer-group-describe.ts';
import { type Handler, handler } from './handler.ts';

/** ConsumerGroupDescribe: groups of the new kind (KIP-848) need KRaft, and clients are told so. */
export function consumerGroupDescribeHandler(): Handler {
  return handler({
    request: ConsumerGroupDescribeRequest,
    response: ConsumerGroupDescribeResponse,
    versions: [0, 0],
    handle: ({ groupIds }) => ({
      throttleTimeMs: 0,
      groups: groupIds.map((groupId) => ({
        errorCode: ErrorCode.UNSUPPORTED_VERSION,
        groupId,
        groupState: '',
        groupEpoch: 0,
        assignmentEpoch: 0,
        assignorName: '',
        members: [],
      })),
    }),
  });
}
