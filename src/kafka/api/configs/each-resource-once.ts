import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { type ApiError, apiError } from '../api-error.ts';
import type { Resource } from './config-admin.ts';

/** Handles the resources of a request in order; one that is named more than once is refused each time. */
export async function eachResourceOnce<R extends Resource>(
  resources: readonly R[],
  handle: (resource: R) => Promise<ApiError>,
): Promise<(ApiError & Resource)[]> {
  const keyOf = ({ resourceType, resourceName }: Resource) => `${resourceType} ${resourceName}`;
  const counts = new Map<string, number>();
  for (const resource of resources) counts.set(keyOf(resource), (counts.get(keyOf(resource)) ?? 0) + 1);
  const results: (ApiError & Resource)[] = [];
  for (const resource of resources) {
    const { resourceType, resourceName } = resource;
    const result =
      (counts.get(keyOf(resource)) ?? 1) > 1
        ? apiError(ErrorCode.INVALID_REQUEST, 'Each resource must appear at most once.')
        : await handle(resource);
    results.push({ resourceType, resourceName, ...result });
  }
  return results;
}
