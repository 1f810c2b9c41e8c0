import { ErrorCode } from '../../wire/kafka/errors.ts';
import {
  DescribeClientQuotasRequest,
  DescribeClientQuotasResponse,
} from '../../wire/kafka/messages/48-describe-client-quotas.ts';
import { isApiError } from './api-error.ts';
import { type Handler, handler } from './handler.ts';
import type { ClientQuotaAdmin } from './quotas/client-quota-admin.ts';
import { readFilter } from './quotas/quota-filter.ts';

/** DescribeClientQuotas: quotas of users, clients and addresses that match a filter (KIP-546). */
export function describeClientQuotasHandler(parts: { quotas: Pick<ClientQuotaAdmin, 'describe'> }): Handler {
  return handler({
    request: DescribeClientQuotasRequest,
    response: DescribeClientQuotasResponse,
    versions: [0, 1],
    async handle({ components, strict }) {
      const filter = readFilter(components, strict);
      const found = isApiError(filter) ? filter : await parts.quotas.describe(filter);
      if (isApiError(found)) return { throttleTimeMs: 0, ...found, entries: null };
      return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: '', entries: found };
    },
  });
}
