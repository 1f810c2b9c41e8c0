import { ErrorCode } from '../../wire/kafka/errors.ts';
import {
  DescribeClusterRequest,
  DescribeClusterResponse,
} from '../../wire/kafka/messages/60-describe-cluster.ts';
import type { MetadataCache } from '../metadata/metadata-cache.ts';
import { allClusterOperations, operationsNotRequested } from './authorized-operations.ts';
import { type Handler, handler } from './handler.ts';
import { reachableBrokers } from './topics/topic-metadata.ts';

/** Kinds of endpoints that a client may want to reach (KIP-919). */
const brokerEndpoint = 1;
const controllerEndpoint = 2;

/** DescribeCluster: brokers and controller. */
export function describeClusterHandler(parts: { metadata: MetadataCache; clusterId: string }): Handler {
  return handler({
    request: DescribeClusterRequest,
    response: DescribeClusterResponse,
    versions: [0, 1],
    handle({ endpointType, includeClusterAuthorizedOperations }, { connection }) {
      const { clusterId } = parts;
      if (endpointType === controllerEndpoint) {
        return {
          throttleTimeMs: 0,
          errorCode: ErrorCode.MISMATCHED_ENDPOINT_TYPE,
          errorMessage:
            'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER',
          clusterId: '',
          brokers: [],
        };
      }
      if (endpointType !== brokerEndpoint) {
        return {
          throttleTimeMs: 0,
          errorCode: ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
          errorMessage: `Unsupported endpoint type ${endpointType}`,
          clusterId: '',
          brokers: [],
        };
      }
      const { image } = parts.metadata;
      return {
        throttleTimeMs: 0,
        errorCode: ErrorCode.NONE,
        clusterId,
        controllerId: image.controllerId ?? -1,
        brokers: reachableBrokers(image, connection.listenerName).map(({ broker, endpoint }) => ({
          brokerId: broker.id,
          host: endpoint.host,
          port: endpoint.port,
          rack: broker.rack,
        })),
        clusterAuthorizedOperations: includeClusterAuthorizedOperations
          ? allClusterOperations
          : operationsNotRequested,
      };
    },
  });
}
