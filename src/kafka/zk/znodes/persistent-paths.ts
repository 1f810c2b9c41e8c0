import { deleteTopicsPath } from './admin.ts';
import { brokerIdsPath } from './broker-id.ts';
import { configChangesPath } from './config-change.ts';
import { consumersPath } from './consumer-offset.ts';
import { configEntityTypes, configTypePath } from './entity-config.ts';
import { isrChangesPath } from './isr-change.ts';
import { logDirEventsPath } from './log-dir-event.ts';
import { producerIdBlockPath } from './producer-id-block.ts';
import { topicsPath } from './topic.ts';

/** Nodes without data that every broker makes sure of when it starts, with their parents, in this order. */
export const persistentPaths: readonly string[] = [
  consumersPath,
  brokerIdsPath,
  topicsPath,
  configChangesPath,
  deleteTopicsPath,
  '/brokers/seqid',
  isrChangesPath,
  producerIdBlockPath,
  logDirEventsPath,
  ...configEntityTypes.map(configTypePath),
];

/** Nodes of delegation tokens (KIP-48), created by the first broker after its registration. */
export const delegationTokenPaths: readonly string[] = [
  '/delegation_token/token_changes',
  '/delegation_token/tokens',
];
