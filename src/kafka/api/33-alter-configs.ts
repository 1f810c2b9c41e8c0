import { AlterConfigsRequest, AlterConfigsResponse } from '../../wire/kafka/messages/33-alter-configs.ts';
import type { ConfigAdmin } from './configs/config-admin.ts';
import { eachResourceOnce } from './configs/each-resource-once.ts';
import { type Handler, handler } from './handler.ts';

/** AlterConfigs: replaces all overrides of a topic, of this broker or of all brokers. */
export function alterConfigsHandler(parts: { configAdmin: Pick<ConfigAdmin, 'replace'> }): Handler {
  return handler({
    request: AlterConfigsRequest,
    response: AlterConfigsResponse,
    versions: [0, 2],
    async handle({ resources, validateOnly }) {
      const responses = await eachResourceOnce(resources, (resource) =>
        parts.configAdmin.replace(resource, resource.configs, validateOnly),
      );
      return { throttleTimeMs: 0, responses };
    },
  });
}
