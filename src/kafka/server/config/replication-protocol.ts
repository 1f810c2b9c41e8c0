import type { ReplicationProtocol } from '../../replica/fetcher/leader-port.ts';
import { isProtocolAtLeast } from './protocol-version.ts';

type Steps = readonly (readonly [version: number, since: string])[];

/** Newest first; the last holds for everything before. */
const FETCH: Steps = [
  [17, '3.9-IV0'],
  [16, '3.7-IV4'],
  [15, '3.5-IV1'],
  [14, '3.5-IV0'],
  [13, '3.1-IV0'],
  [12, '2.7-IV1'],
  [11, '2.3-IV1'],
  [10, '2.1-IV2'],
  [8, '2.0-IV1'],
  [7, '1.1-IV0'],
  [5, '0.11.0-IV1'],
  [4, '0.11.0-IV0'],
  [3, '0.10.1-IV1'],
  [2, '0.10.0-IV0'],
  [1, '0.9.0'],
];
const LIST_OFFSETS: Steps = [
  [9, '3.9-IV0'],
  [8, '3.5-IV0'],
  [7, '3.0-IV1'],
  [6, '2.8-IV0'],
  [5, '2.2-IV1'],
  [4, '2.1-IV1'],
  [3, '2.0-IV1'],
  [2, '0.11.0-IV0'],
  [1, '0.10.1-IV2'],
];
const OFFSET_FOR_LEADER_EPOCH: Steps = [
  [4, '2.8-IV0'],
  [3, '2.3-IV1'],
  [2, '2.1-IV1'],
  [1, '2.0-IV0'],
];

function versionIn(steps: Steps, protocol: string): number {
  return steps.find(([, since]) => isProtocolAtLeast(protocol, since))?.[0] ?? 0;
}

/** What followers speak with an `inter.broker.protocol.version`, as Apache's MetadataVersion has it. */
export function replicationProtocol(protocol: string): ReplicationProtocol {
  return {
    fetchVersion: versionIn(FETCH, protocol),
    listOffsetsVersion: versionIn(LIST_OFFSETS, protocol),
    offsetForLeaderEpochVersion: versionIn(OFFSET_FOR_LEADER_EPOCH, protocol),
    truncatesOnFetch: isProtocolAtLeast(protocol, '2.7-IV1'),
    knowsLeaderEpochs: isProtocolAtLeast(protocol, '0.11.0-IV2'),
  };
}
