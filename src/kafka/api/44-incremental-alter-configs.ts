import {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from '../../wire/kafka/messages/44-incremental-alter-configs.ts';
import type { ConfigAdmin } from './configs/config-admin.ts';
import { eachResourceOnce } from './configs/each-resource-once.ts';
import { type Handler, handler } from './handler.ts';

/** IncrementalAlterConfigs: changes single overrides of a topic, of this broker or of all brokers (KIP-339). */
export function incrementalAlterConfigsHandler(parts: { configAdmin: Pick<ConfigAdmin, 'alter'> }): Handler {
  return handler({
    request: IncrementalAlterConfigsRequest,
    response: IncrementalAlterConfigsResponse,
    versions: [0, 1],
    async handle({ resources, validateOnly }) {
      const responses = await eachResourceOnce(resources, (resource) =>
        parts.configAdmin.alter(
          resource,
          resource.configs.map(({ name, value, configOperation }) => ({
            name,
            value,
            operation: configOperation,
          })),
          validateOnly,
        ),
      );
      return { throttleTimeMs: 0, responses };
    },
  });
}
