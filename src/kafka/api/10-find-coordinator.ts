import { ErrorCode, errorOf } from '../../wire/kafka/errors.ts';
import {
  FindCoordinatorRequest,
  FindCoordinatorResponse,
} from '../../wire/kafka/messages/10-find-coordinator.ts';
import type { ClusterImage } from '../metadata/cluster-image.ts';
import { type Handler, handler } from './handler.ts';

/** Kinds of coordinators (`CoordinatorType`). */
const GROUP = 0;
const TRANSACTION = 1;
const SHARE = 2;

export const GROUP_TOPIC = '__consumer_offsets';
export const TRANSACTION_TOPIC = '__transaction_state';

export interface FindCoordinatorApi {
  readonly image: () => ClusterImage;
  readonly groupPartition: (groupId: string) => number;
  readonly transactionPartition: (transactionalId: string) => number;
  /** Has an internal topic created with its own settings, unless that is under way; does not wait. */
  readonly createInternalTopic: (topic: string) => void;
}

interface Found {
  readonly error: number;
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

function notFound(error: number): Found {
  return { error, nodeId: -1, host: '', port: -1 };
}

/** FindCoordinator: the leader of the partition that keeps a group or a transactional id; several from version 4. */
export function findCoordinatorHandler(api: FindCoordinatorApi): Handler {
  return handler({
    request: FindCoordinatorRequest,
    response: FindCoordinatorResponse,
    versions: [0, 6],
    handle(request, { apiVersion, connection }) {
      const find = (key: string): Found =>
        locate(api, request.keyType, key, apiVersion, connection.listenerName);
      if (apiVersion >= 4) {
        return {
          coordinators: request.coordinatorKeys.map((key) => {
            const { error, ...node } = find(key);
            // Only a request that is wrong as a whole is explained.
            const explained = error === ErrorCode.INVALID_REQUEST && request.keyType !== SHARE;
            const errorMessage = explained ? errorOf(error).text : '';
            return { key, ...node, errorCode: error, errorMessage };
          }),
        };
      }
      const { error, ...node } = find(request.key);
      const errorMessage = error === ErrorCode.NONE ? 'NONE' : errorOf(error).text;
      return { errorCode: error, errorMessage, ...node };
    },
  });
}

function locate(
  api: FindCoordinatorApi,
  keyType: number,
  key: string,
  apiVersion: number,
  listenerName: string,
): Found {
  if (keyType === SHARE) {
    // There are no share groups in ZooKeeper mode.
    return notFound(apiVersion < 6 ? ErrorCode.INVALID_REQUEST : ErrorCode.COORDINATOR_NOT_AVAILABLE);
  }
  if (keyType !== GROUP && keyType !== TRANSACTION) return notFound(ErrorCode.INVALID_REQUEST);
  const topic = keyType === GROUP ? GROUP_TOPIC : TRANSACTION_TOPIC;
  const image = api.image();
  if (image.topic(topic) === undefined) {
    api.createInternalTopic(topic);
    return notFound(ErrorCode.COORDINATOR_NOT_AVAILABLE);
  }
  const partition = keyType === GROUP ? api.groupPartition(key) : api.transactionPartition(key);
  const leader = image.partition(topic, partition)?.leader;
  const broker = leader === undefined ? undefined : image.broker(leader);
  const endpoint = broker?.endpoints.find((each) => each.listenerName === listenerName);
  if (broker === undefined || endpoint === undefined) return notFound(ErrorCode.COORDINATOR_NOT_AVAILABLE);
  return { error: ErrorCode.NONE, nodeId: broker.id, host: endpoint.host, port: endpoint.port };
}
