import {
  ControlledShutdownRequest,
  ControlledShutdownResponse,
} from '../../wire/kafka/messages/07-controlled-shutdown.ts';
import type { Controller } from '../controller/controller.ts';
import { type Handler, handler } from './handler.ts';

/** ControlledShutdown: a broker that is about to stop asks the controller to move its leaderships away. */
export function controlledShutdownHandler(parts: {
  controller: Pick<Controller, 'controlledShutdown'>;
}): Handler {
  return handler({
    request: ControlledShutdownRequest,
    response: ControlledShutdownResponse,
    versions: [0, 3],
    async handle({ brokerId, brokerEpoch }) {
      const { errorCode, remaining } = await parts.controller.controlledShutdown(brokerId, brokerEpoch);
      return {
        errorCode,
        remainingPartitions: remaining.map(({ topic, partition }) => ({
          topicName: topic,
          partitionIndex: partition,
        })),
      };
    },
  });
}
