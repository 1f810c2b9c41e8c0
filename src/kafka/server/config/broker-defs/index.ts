import { generalDefs } from './general.ts';
import { groupsDefs } from './groups.ts';
import { kraftDefs } from './kraft.ts';
import { logDefs } from './log.ts';
import { metricsAndQuotasDefs } from './metrics-and-quotas.ts';
import { networkDefs } from './network.ts';
import { remoteLogDefs } from './remote-log.ts';
import { replicationDefs } from './replication.ts';
import { securityDefs } from './security.ts';
import { transactionsDefs } from './transactions.ts';
import { zookeeperDefs } from './zookeeper.ts';

/** Every configuration key of a broker of 3.9. */
export const brokerDefs = {
  ...kraftDefs,
  ...remoteLogDefs,
  ...securityDefs,
  ...zookeeperDefs,
  ...networkDefs,
  ...groupsDefs,
  ...transactionsDefs,
  ...replicationDefs,
  ...metricsAndQuotasDefs,
  ...logDefs,
  ...generalDefs,
};
