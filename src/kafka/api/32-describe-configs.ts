import { ErrorCode } from '../../wire/kafka/errors.ts';
import {
  DescribeConfigsRequest,
  DescribeConfigsResponse,
} from '../../wire/kafka/messages/32-describe-configs.ts';
import type { Draft } from '../../wire/kafka/schema/index.ts';
import { isApiError } from './api-error.ts';
import type { ConfigAdmin } from './configs/config-admin.ts';
import type { ConfigEntry } from './configs/config-rules.ts';
import { type Handler, handler } from './handler.ts';

type Result = Draft<typeof DescribeConfigsResponse>['results'][number];

const defaultSource = 5;

/** DescribeConfigs: every key of a topic or of this broker, with where its value comes from. */
export function describeConfigsHandler(parts: { configAdmin: Pick<ConfigAdmin, 'describe'> }): Handler {
  return handler({
    request: DescribeConfigsRequest,
    response: DescribeConfigsResponse,
    versions: [0, 4],
    async handle({ resources, includeSynonyms, includeDocumentation }, { apiVersion }) {
      const results = resources.map(async ({ resourceType, resourceName, configurationKeys }) => {
        const resource = { resourceType, resourceName };
        const options = { keys: configurationKeys, includeSynonyms, includeDocumentation };
        const found = await parts.configAdmin.describe(resource, options);
        if (isApiError(found)) return { ...resource, ...found, configs: [] } satisfies Result;
        const configs = apiVersion === 0 ? found.map(versionZero) : found;
        return { ...resource, errorCode: ErrorCode.NONE, errorMessage: '', configs } satisfies Result;
      });
      return { throttleTimeMs: 0, results: await Promise.all(results) };
    },
  });
}

/** Version 0 knows defaults, but no other sources. */
function versionZero(entry: ConfigEntry): ConfigEntry {
  return { ...entry, isDefault: entry.configSource === defaultSource };
}
