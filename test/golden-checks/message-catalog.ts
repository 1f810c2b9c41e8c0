import { messages } from '../../src/wire/kafka/catalog.ts';
import type { Message } from '../../src/wire/kafka/schema/index.ts';

/** Names that 3.9 has and the schemas, which follow 4.1, don't. The bytes are the same. */
const renamedMessages: ReadonlyMap<string, string> = new Map([
  ['ListClientMetricsResourcesRequest', 'ListConfigResourcesRequest'],
  ['ListClientMetricsResourcesResponse', 'ListConfigResourcesResponse'],
]);

const renamedFields: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  [
    'VoteRequest',
    new Map([
      ['candidateEpoch', 'replicaEpoch'],
      ['candidateId', 'replicaId'],
      ['candidateDirectoryId', 'replicaDirectoryId'],
    ]),
  ],
  [
    'ListClientMetricsResourcesResponse',
    new Map([
      ['clientMetricsResources', 'configResources'],
      ['name', 'resourceName'],
    ]),
  ],
]);

/** Where golden data's name and version of a message are found in the schemas. */
export interface Located {
  readonly message: Message;
  readonly version: number;
  /** The schema's name of a field that the golden data calls `name`. */
  fieldName(name: string): string;
}

/**
 * Finds the schema of a message as golden data names it. Facts of 4.1 give a coordinator key's record type as
 * `key`; 3.9 has no such key and calls the record type the version, so its OffsetCommitKey of version 0 is
 * record type 0.
 */
export function locate(name: string, version: number, key: number | undefined): Located {
  const renames = renamedFields.get(name);
  const fieldName = (field: string): string => renames?.get(field) ?? field;
  const message = messages.get(renamedMessages.get(name) ?? name);
  if (message === undefined) throw new Error(`no schema for ${name}`);
  if (message.kind !== 'coordinator-key' || key !== undefined) return { message, version, fieldName };
  if (version === message.key) return { message, version: 0, fieldName };
  const legacy = messages.get(`Legacy${name}`);
  if (legacy?.key === version) return { message: legacy, version: 0, fieldName };
  return { message, version, fieldName };
}
