/**
 * Values of control records; which one is said by the type in the record's key.
 *
 * The first int16 of an end-of-transaction marker is its version and not part of the schema; the KRaft records
 * carry theirs as a field.
 */
import { array, int16, int32, int64, message, string, struct, uint16, uuid } from '../schema/index.ts';

/** Value of COMMIT and ABORT control records. */
export const EndTxnMarker = message(
  'EndTxnMarker',
  { kind: 'data', versions: '0', flexible: 'none' },
  {
    coordinatorEpoch: int32('0+'),
  },
);

const Voter = {
  voterId: int32('0+'),
  voterDirectoryId: uuid('1+'),
};

/** Value of LEADER_CHANGE control records. */
export const LeaderChangeMessage = message(
  'LeaderChangeMessage',
  { kind: 'data', versions: '0-1', flexible: '0+' },
  {
    version: int16('0+'),
    leaderId: int32('0+'),
    voters: array('0+', Voter),
    grantingVoters: array('0+', Voter),
  },
);

/** Value of SNAPSHOT_HEADER control records. */
export const SnapshotHeaderRecord = message(
  'SnapshotHeaderRecord',
  { kind: 'data', versions: '0', flexible: '0+' },
  {
    version: int16('0+'),
    lastContainedLogTimestamp: int64('0+'),
  },
);

/** Value of SNAPSHOT_FOOTER control records. */
export const SnapshotFooterRecord = message(
  'SnapshotFooterRecord',
  { kind: 'data', versions: '0', flexible: '0+' },
  {
    version: int16('0+'),
  },
);

/** Value of KRAFT_VERSION control records. */
export const KRaftVersionRecord = message(
  'KRaftVersionRecord',
  { kind: 'data', versions: '0', flexible: '0+' },
  {
    version: int16('0+'),
    kRaftVersion: int16('0+'),
  },
);

/** Value of KRAFT_VOTERS control records. */
export const VotersRecord = message(
  'VotersRecord',
  { kind: 'data', versions: '0', flexible: '0+' },
  {
    version: int16('0+'),
    voters: array('0+', {
      voterId: int32('0+'),
      voterDirectoryId: uuid('0+'),
      endpoints: array('0+', {
        name: string('0+'),
        host: string('0+'),
        port: uint16('0+'),
      }),
      kRaftVersionFeature: struct('0+', {
        minSupportedVersion: int16('0+'),
        maxSupportedVersion: int16('0+'),
      }),
    }),
  },
);
