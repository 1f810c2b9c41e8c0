/** Every message there is, by name: for tools that show whatever record or request they meet. */
import { apis } from './apis.ts';
import { RequestHeader, ResponseHeader } from './headers.ts';
import type { Message } from './schema/index.ts';
import * as consumerGroups from './stored/consumer-groups.ts';
import * as consumerProtocol from './stored/consumer-protocol.ts';
import * as controlRecords from './stored/control-records.ts';
import * as files from './stored/files.ts';
import * as metadataRecords from './stored/metadata-records.ts';
import * as offsets from './stored/offsets.ts';
import * as principal from './stored/principal.ts';
import * as remoteLogMetadata from './stored/remote-log-metadata.ts';
import * as shareGroups from './stored/share-groups.ts';
import * as shareState from './stored/share-state.ts';
import * as streamsGroups from './stored/streams-groups.ts';
import * as transactions from './stored/transactions.ts';

const stored: readonly Readonly<Record<string, Message>>[] = [
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

export const messages: ReadonlyMap<string, Message> = new Map(
  [
    RequestHeader as Message,
    ResponseHeader as Message,
    ...[...apis.values()].flatMap(({ request, response }) => [request, response]),
    ...stored.flatMap((module) => Object.values(module)),
  ].map((message) => [message.name, message]),
);
