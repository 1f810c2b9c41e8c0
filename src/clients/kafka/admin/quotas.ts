import {
  DescribeClientQuotasRequest,
  DescribeClientQuotasResponse,
} from '../../../wire/kafka/messages/48-describe-client-quotas.ts';
import {
  AlterClientQuotasRequest,
  AlterClientQuotasResponse,
} from '../../../wire/kafka/messages/49-alter-client-quotas.ts';
import { throwIfError } from '../kafka-error.ts';
import { type AdminCall, outcomeOf } from './admin-call.ts';
import type { CallOptions } from './call-options.ts';
import type { ItemResults } from './item-results.ts';

/** Whom a quota is for: names by `user`, `client-id` and `ip`; null for the default of all that have none of their own. */
export type QuotaEntity = Readonly<Record<string, string | null>>;

/** A part of an entity: of this name, null for the default, or left out for any. */
export interface QuotaFilterComponent {
  readonly entityType: string;
  readonly name?: string | null;
}

export interface DescribeQuotasOptions extends CallOptions {
  /** All of them must be in an entity. Default: none, which all entities meet. */
  readonly components?: readonly QuotaFilterComponent[];
  /** Whether an entity may have no other parts. Default false. */
  readonly strict?: boolean;
}

export interface ClientQuotas {
  readonly entity: QuotaEntity;
  /** `producer_byte_rate`, `consumer_byte_rate`, `request_percentage`, ... */
  readonly quotas: Readonly<Record<string, number>>;
}

export interface ClientQuotaAlteration {
  readonly entity: QuotaEntity;
  /** New values by the names of the quotas; null removes one. */
  readonly quotas: Readonly<Record<string, number | null>>;
}

export interface AlterQuotasOptions extends CallOptions {
  readonly validateOnly?: boolean;
}

const MATCH = { exact: 0, default: 1, any: 2 } as const;

/** @internal */
export function describeClientQuotas(
  call: AdminCall,
  { components = [], strict = false }: DescribeQuotasOptions,
): Promise<readonly ClientQuotas[]> {
  return call.whole(async () => {
    const response = await call.request(
      'any',
      { request: DescribeClientQuotasRequest, response: DescribeClientQuotasResponse },
      { components: components.map(wireComponent), strict },
    );
    throwIfError(response.errorCode, 'client quotas', response.errorMessage);
    return (response.entries ?? []).map(({ entity, values }) => ({
      entity: entityOf(entity),
      quotas: Object.fromEntries(values.map(({ key, value }) => [key, value])),
    }));
  });
}

function wireComponent({ entityType, name }: QuotaFilterComponent) {
  if (name === undefined) return { entityType, matchType: MATCH.any, match: null };
  return { entityType, matchType: name === null ? MATCH.default : MATCH.exact, match: name };
}

/** @internal */
export function alterClientQuotas(
  call: AdminCall,
  alterations: readonly ClientQuotaAlteration[],
  { validateOnly = false }: AlterQuotasOptions,
): ItemResults<number, undefined> {
  return call.toAny(new Map(alterations.entries()), async (target, open) => {
    const { entries } = await call.request(
      target,
      { request: AlterClientQuotasRequest, response: AlterClientQuotasResponse },
      {
        entries: [...open.values()].map(({ entity, quotas }) => ({
          entity: Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName })),
          ops: Object.entries(quotas).map(([key, value]) => ({
            key,
            value: value ?? 0,
            remove: value === null,
          })),
        })),
        validateOnly,
      },
    );
    const answers = new Map(entries.map((entry) => [entityKey(entityOf(entry.entity)), entry]));
    return new Map(
      [...open].flatMap(([index, { entity }]) => {
        const key = entityKey(entity);
        const answer = answers.get(key);
        if (answer === undefined) return [];
        const { errorCode, errorMessage } = answer;
        return [[index, outcomeOf(errorCode, `quotas of ${key}`, errorMessage, () => undefined)] as const];
      }),
    );
  });
}

const entityOf = (parts: readonly { entityType: string; entityName: string | null }[]): QuotaEntity =>
  Object.fromEntries(parts.map(({ entityType, entityName }) => [entityType, entityName]));

function entityKey(entity: QuotaEntity): string {
  return JSON.stringify(Object.entries(entity).sort(([a], [b]) => (a < b ? -1 : 1)));
}
