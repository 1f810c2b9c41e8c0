import {
  AlterClientQuotasRequest,
  AlterClientQuotasResponse,
} from '../../wire/kafka/messages/49-alter-client-quotas.ts';
import type { Draft } from '../../wire/kafka/schema/index.ts';
import { type Handler, handler } from './handler.ts';
import type { ClientQuotaAdmin } from './quotas/client-quota-admin.ts';

type Entry = Draft<typeof AlterClientQuotasResponse>['entries'][number];

/** AlterClientQuotas: sets and removes quotas of users, clients and addresses, entity by entity (KIP-546). */
export function alterClientQuotasHandler(parts: { quotas: Pick<ClientQuotaAdmin, 'alter'> }): Handler {
  return handler({
    request: AlterClientQuotasRequest,
    response: AlterClientQuotasResponse,
    versions: [0, 1],
    async handle({ entries, validateOnly }) {
      // An entity that is named more than once is altered each time, and answered once.
      const results = new Map<string, Entry>();
      for (const { entity, ops } of entries) {
        const changes = ops.map(({ key, value, remove }) => ({ key, value: remove ? null : value }));
        const error = await parts.quotas.alter(entity, changes, validateOnly);
        const byType = new Map(entity.map((part) => [part.entityType, part.entityName]));
        results.set(JSON.stringify([...byType].sort()), {
          ...error,
          entity: Array.from(byType, ([entityType, entityName]) => ({ entityType, entityName })),
        });
      }
      return { throttleTimeMs: 0, entries: [...results.values()] };
    },
  });
}
