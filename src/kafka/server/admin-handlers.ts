import { saslHandshakeHandler } from '../api/17-sasl-handshake.ts';
import { describeConfigsHandler } from '../api/32-describe-configs.ts';
import { alterConfigsHandler } from '../api/33-alter-configs.ts';
import { saslAuthenticateHandler } from '../api/36-sasl-authenticate.ts';
import { incrementalAlterConfigsHandler } from '../api/44-incremental-alter-configs.ts';
import { describeClientQuotasHandler } from '../api/48-describe-client-quotas.ts';
import { alterClientQuotasHandler } from '../api/49-alter-client-quotas.ts';
import { describeUserScramCredentialsHandler } from '../api/50-describe-user-scram-credentials.ts';
import { alterUserScramCredentialsHandler } from '../api/51-alter-user-scram-credentials.ts';
import { envelopeHandler } from '../api/58-envelope.ts';
import { describeProducersHandler } from '../api/61-describe-producers.ts';
import { consumerGroupHeartbeatHandler } from '../api/68-consumer-group-heartbeat.ts';
import { consumerGroupDescribeHandler } from '../api/69-consumer-group-describe.ts';
import { ConfigAdmin } from '../api/configs/config-admin.ts';
import type { Handler } from '../api/handler.ts';
import { OneAtATime } from '../api/one-at-a-time.ts';
import { ClientQuotaAdmin } from '../api/quotas/client-quota-admin.ts';
import { ScramAdmin } from '../api/scram/scram-admin.ts';
import { configRules } from './config-rules.ts';
import type { HandlerParts } from './handlers.ts';

/** Handlers for those who look after a cluster: configuration, quotas, credentials, producers. */
export function adminHandlers(parts: HandlerParts): Handler[] {
  const { metadata, replicas } = parts;
  return [
    ...configHandlers(parts),
    ...userHandlers(parts),
    describeProducersHandler({ metadata, replicas }),
    ...refusingHandlers(),
  ];
}

function configHandlers({ env, config, identity, metadata, stores }: HandlerParts): Handler[] {
  const configAdmin = new ConfigAdmin({
    brokerId: identity.brokerId,
    metadata,
    configs: stores.configs,
    rules: configRules(config),
    log: env.log,
  });
  return [
    describeConfigsHandler({ configAdmin }),
    alterConfigsHandler({ configAdmin }),
    incrementalAlterConfigsHandler({ configAdmin }),
  ];
}

function userHandlers({ env: { net, log }, stores: { configs }, controller }: HandlerParts): Handler[] {
  const alterations = new OneAtATime();
  const quotas = new ClientQuotaAdmin({ configs, net, alterations, log });
  const scram = new ScramAdmin({ configs, alterations, log });
  return [
    describeClientQuotasHandler({ quotas }),
    alterClientQuotasHandler({ quotas }),
    describeUserScramCredentialsHandler({ scram }),
    alterUserScramCredentialsHandler({ scram, isController: () => controller.isActive }),
  ];
}

/** APIs that a broker in ZooKeeper mode advertises as Apache's does, and refuses as it does. */
function refusingHandlers(): Handler[] {
  return [
    saslHandshakeHandler(),
    saslAuthenticateHandler(),
    envelopeHandler(),
    consumerGroupHeartbeatHandler(),
    consumerGroupDescribeHandler(),
  ];
}
