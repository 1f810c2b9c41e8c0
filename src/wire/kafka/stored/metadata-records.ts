/**
 * Records of __cluster_metadata, the KRaft metadata log, in the order of their types.
 *
 * On the log an unsigned varint frame version, type and version precede each; they are not part of the schema.
 */
import {
  array,
  bigint64,
  bool,
  bytes,
  float64,
  int8,
  int16,
  int32,
  int64,
  message,
  string,
  uint16,
  uuid,
} from '../schema/index.ts';

export const RegisterBrokerRecord = message(
  'RegisterBrokerRecord',
  { key: 0, kind: 'metadata', versions: '0-3', flexible: '0+' },
  {
    brokerId: int32('0+'),
    isMigratingZkBroker: bool('2+', { default: false }),
    incarnationId: uuid('0+'),
    brokerEpoch: int64('0+'),
    endPoints: array('0+', {
      name: string('0+'),
      host: string('0+'),
      port: uint16('0+'),
      securityProtocol: int16('0+'),
    }),
    features: array('0+', {
      name: string('0+'),
      minSupportedVersion: int16('0+'),
      maxSupportedVersion: int16('0+'),
    }),
    rack: string('0+', { nullable: '0+' }),
    fenced: bool('0+', { default: true }),
    inControlledShutdown: bool('1+', { default: false }),
    logDirs: array('3+', 'uuid', { tag: 0 }),
  },
);

export const UnregisterBrokerRecord = message(
  'UnregisterBrokerRecord',
  { key: 1, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    brokerId: int32('0+'),
    brokerEpoch: int64('0+'),
  },
);

export const TopicRecord = message(
  'TopicRecord',
  { key: 2, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    name: string('0+'),
    topicId: uuid('0+'),
  },
);

export const PartitionRecord = message(
  'PartitionRecord',
  { key: 3, kind: 'metadata', versions: '0-2', flexible: '0+' },
  {
    partitionId: int32('0+', { default: -1 }),
    topicId: uuid('0+'),
    replicas: array('0+', 'int32'),
    isr: array('0+', 'int32'),
    removingReplicas: array('0+', 'int32'),
    addingReplicas: array('0+', 'int32'),
    leader: int32('0+', { default: -1 }),
    leaderRecoveryState: int8('0+', { tag: 0, default: 0 }),
    leaderEpoch: int32('0+', { default: -1 }),
    partitionEpoch: int32('0+', { default: -1 }),
    directories: array('1+', 'uuid'),
    eligibleLeaderReplicas: array('2+', 'int32', { nullable: '2+', tag: 1, default: null }),
    lastKnownElr: array('2+', 'int32', { nullable: '2+', tag: 2, default: null }),
  },
);

export const ConfigRecord = message(
  'ConfigRecord',
  { key: 4, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    resourceType: int8('0+'),
    resourceName: string('0+'),
    name: string('0+'),
    value: string('0+', { nullable: '0+' }),
  },
);

export const PartitionChangeRecord = message(
  'PartitionChangeRecord',
  { key: 5, kind: 'metadata', versions: '0-2', flexible: '0+' },
  {
    partitionId: int32('0+', { default: -1 }),
    topicId: uuid('0+'),
    isr: array('0+', 'int32', { nullable: '0+', tag: 0, default: null }),
    leader: int32('0+', { tag: 1, default: -2 }),
    replicas: array('0+', 'int32', { nullable: '0+', tag: 2, default: null }),
    removingReplicas: array('0+', 'int32', { nullable: '0+', tag: 3, default: null }),
    addingReplicas: array('0+', 'int32', { nullable: '0+', tag: 4, default: null }),
    leaderRecoveryState: int8('0+', { tag: 5, default: -1 }),
    directories: array('1+', 'uuid', { nullable: '1+', tag: 8, default: null }),
    eligibleLeaderReplicas: array('2+', 'int32', { nullable: '2+', tag: 6, default: null }),
    lastKnownElr: array('2+', 'int32', { nullable: '2+', tag: 7, default: null }),
  },
);

export const FenceBrokerRecord = message(
  'FenceBrokerRecord',
  { key: 7, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    id: int32('0+'),
    epoch: int64('0+'),
  },
);

export const UnfenceBrokerRecord = message(
  'UnfenceBrokerRecord',
  { key: 8, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    id: int32('0+'),
    epoch: int64('0+'),
  },
);

export const RemoveTopicRecord = message(
  'RemoveTopicRecord',
  { key: 9, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    topicId: uuid('0+'),
  },
);

export const DelegationTokenRecord = message(
  'DelegationTokenRecord',
  { key: 10, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    owner: string('0+'),
    requester: string('0+'),
    renewers: array('0+', 'string'),
    issueTimestamp: int64('0+'),
    maxTimestamp: int64('0+'),
    expirationTimestamp: int64('0+'),
    tokenId: string('0+'),
  },
);

export const UserScramCredentialRecord = message(
  'UserScramCredentialRecord',
  { key: 11, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    name: string('0+'),
    mechanism: int8('0+'),
    salt: bytes('0+'),
    storedKey: bytes('0+'),
    serverKey: bytes('0+'),
    iterations: int32('0+'),
  },
);

export const FeatureLevelRecord = message(
  'FeatureLevelRecord',
  { key: 12, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    name: string('0+'),
    featureLevel: int16('0+'),
  },
);

export const ClientQuotaRecord = message(
  'ClientQuotaRecord',
  { key: 14, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    entity: array('0+', {
      entityType: string('0+'),
      entityName: string('0+', { nullable: '0+' }),
    }),
    key: string('0+'),
    value: float64('0+'),
    remove: bool('0+'),
  },
);

export const ProducerIdsRecord = message(
  'ProducerIdsRecord',
  { key: 15, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    brokerId: int32('0+'),
    brokerEpoch: int64('0+', { default: -1 }),
    nextProducerId: bigint64('0+'),
  },
);

export const BrokerRegistrationChangeRecord = message(
  'BrokerRegistrationChangeRecord',
  { key: 17, kind: 'metadata', versions: '0-2', flexible: '0+' },
  {
    brokerId: int32('0+'),
    brokerEpoch: int64('0+'),
    fenced: int8('0+', { tag: 0 }),
    inControlledShutdown: int8('1+', { tag: 1 }),
    logDirs: array('2+', 'uuid', { tag: 2 }),
  },
);

export const AccessControlEntryRecord = message(
  'AccessControlEntryRecord',
  { key: 18, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    id: uuid('0+'),
    resourceType: int8('0+'),
    resourceName: string('0+'),
    patternType: int8('0+'),
    principal: string('0+'),
    host: string('0+'),
    operation: int8('0+'),
    permissionType: int8('0+'),
  },
);

export const RemoveAccessControlEntryRecord = message(
  'RemoveAccessControlEntryRecord',
  { key: 19, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    id: uuid('0+'),
  },
);

export const NoOpRecord = message(
  'NoOpRecord',
  { key: 20, kind: 'metadata', versions: '0', flexible: '0+' },
  {},
);

export const ZkMigrationStateRecord = message(
  'ZkMigrationStateRecord',
  { key: 21, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    zkMigrationState: int8('0+'),
  },
);

export const RemoveUserScramCredentialRecord = message(
  'RemoveUserScramCredentialRecord',
  { key: 22, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    name: string('0+'),
    mechanism: int8('0+'),
  },
);

export const BeginTransactionRecord = message(
  'BeginTransactionRecord',
  { key: 23, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    name: string('0+', { nullable: '0+', tag: 0, default: null }),
  },
);

export const EndTransactionRecord = message(
  'EndTransactionRecord',
  { key: 24, kind: 'metadata', versions: '0', flexible: '0+' },
  {},
);

export const AbortTransactionRecord = message(
  'AbortTransactionRecord',
  { key: 25, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    reason: string('0+', { nullable: '0+', tag: 0, default: null }),
  },
);

export const RemoveDelegationTokenRecord = message(
  'RemoveDelegationTokenRecord',
  { key: 26, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    tokenId: string('0+'),
  },
);

export const RegisterControllerRecord = message(
  'RegisterControllerRecord',
  { key: 27, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    controllerId: int32('0+'),
    incarnationId: uuid('0+'),
    zkMigrationReady: bool('0+'),
    endPoints: array('0+', {
      name: string('0+'),
      host: string('0+'),
      port: uint16('0+'),
      securityProtocol: int16('0+'),
    }),
    features: array('0+', {
      name: string('0+'),
      minSupportedVersion: int16('0+'),
      maxSupportedVersion: int16('0+'),
    }),
  },
);

export const ClearElrRecord = message(
  'ClearElrRecord',
  { key: 28, kind: 'metadata', versions: '0', flexible: '0+' },
  {
    topicName: string('0+'),
  },
);
