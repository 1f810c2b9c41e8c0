import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { type ApiError, apiError, isApiError } from '../api-error.ts';

/** Kinds of entities that have quotas, as requests name them. */
export const entityTypes = ['user', 'client-id', 'ip'] as const;
export type EntityType = (typeof entityTypes)[number];

/** What an entity of one type must be: the one of this name (null: the default one), or any. */
export type EntityMatch = { readonly name: string | null } | 'any';

/** Which quotas are asked for. A type that is not named may be there, unless the filter is strict. */
export interface QuotaFilter {
  readonly user: EntityMatch | undefined;
  readonly clientId: EntityMatch | undefined;
  readonly ip: EntityMatch | undefined;
  readonly strict: boolean;
}

export interface FilterComponent {
  readonly entityType: string;
  readonly matchType: number;
  readonly match: string | null;
}

const MatchType = { exact: 0, default: 1, specified: 2 } as const;

/** Reads the filter of DescribeClientQuotas. */
export function readFilter(components: readonly FilterComponent[], strict: boolean): QuotaFilter | ApiError {
  const matches = new Map<EntityType, EntityMatch>();
  for (const component of components) {
    const type = entityTypes.find((known) => known === component.entityType);
    if (type === undefined) return unknownType(component.entityType);
    if (matches.has(type)) {
      return apiError(ErrorCode.INVALID_REQUEST, `The filter names entity type ${type} twice.`);
    }
    const match = readMatch(component);
    if (match !== 'any' && isApiError(match)) return match;
    matches.set(type, match);
  }
  const [user, clientId, ip] = entityTypes.map((type) => matches.get(type));
  if (ip !== undefined && matches.size > 1) {
    return apiError(
      ErrorCode.INVALID_REQUEST,
      'A filter for ip cannot name user or client-id too: addresses have quotas of their own.',
    );
  }
  return { user, clientId, ip, strict };
}

function unknownType(entityType: string): ApiError {
  return entityType === ''
    ? apiError(ErrorCode.INVALID_REQUEST, 'The filter has an entity type without a name.')
    : apiError(ErrorCode.UNSUPPORTED_VERSION, `Entity type '${entityType}' is not supported.`);
}

function readMatch({ entityType, matchType, match }: FilterComponent): EntityMatch | ApiError {
  switch (matchType) {
    case MatchType.exact:
      if (match !== null) return { name: match };
      return apiError(ErrorCode.INVALID_REQUEST, `The filter for ${entityType} has no name to match.`);
    case MatchType.default:
      return { name: null };
    case MatchType.specified:
      return 'any';
    default:
      return apiError(ErrorCode.INVALID_REQUEST, `Unexpected match type: ${matchType}`);
  }
}
