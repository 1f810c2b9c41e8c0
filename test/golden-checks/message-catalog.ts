import { apis } from '../../src/wire/kafka/apis.ts';
import { RequestHeader, ResponseHeader } from '../../src/wire/kafka/headers.ts';
import type { Message } from '../../src/wire/kafka/schema/index.ts';
import * as consumerGroups from '../../src/wire/kafka/stored/consumer-groups.ts';
import * as consumerProtocol from '../../src/wire/kafka/stored/consumer-protocol.ts';
import * as controlRecords from '../../src/wire/kafka/stored/control-records.ts';
import * as files from '../../src/wire/kafka/stored/files.ts';
import * as metadataRecords from '../../src/wire/kafka/stored/metadata-records.ts';
import * as offsets from '../../src/wire/kafka/stored/offsets.ts';
import * as principal from '../../src/wire/kafka/stored/principal.ts';
import * as remoteLogMetadata from '../../src/wire/kafka/stored/remote-log-metadata.ts';
import * as shareGroups from '../../src/wire/kafka/stored/share-groups.ts';
import * as shareState from '../../src/wire/kafka/stored/share-state.ts';
import * as streamsGroups from '../../src/wire/kafka/stored/streams-groups.ts';
import * as transactions from '../../src/wire/kafka/stored/transactions.ts';

const stored = [
  consumerGroups,
  consumerProtocol,
  controlRecords,
  files,
  metadataRecords,
  offsets,
  principal,
  remoteLogMetadata,
  shareGroups,
  shareState,
  streamsGroups,
  transactions,
];

/** Every message by its name. */
export const messages: ReadonlyMap<string, Message> = new Map(
  [
    RequestHeader as Message,
    ResponseHeader as Message,
    ...[...apis.values()].flatMap(({ request, response }) => [request, response]),
    ...stored.flatMap((module): Message[] => Object.values(module)),
  ].map((message) => [message.name, message]),
);

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
