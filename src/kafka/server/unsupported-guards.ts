import { ConfigError } from '../../base/config-keys/config-error.ts';
import type { BrokerConfig } from './config/broker-config.ts';

/**
 * Refuses settings that keep somebody out and cannot here. To ignore them would leave a door open that the
 * operator believes shut.
 */
export function refuseUnsupportedGuards(config: BrokerConfig): void {
  for (const { listenerName, securityProtocol } of config.resolvedListeners.endpoints) {
    if (securityProtocol === 'PLAINTEXT') continue;
    throw new ConfigError(
      `listener ${listenerName} asks for ${securityProtocol}, which is not supported yet: use PLAINTEXT, or map ` +
        'the listener to it in listener.security.protocol.map',
      'listeners',
    );
  }
  const guards = [
    ['authorizer.class.name', config.authorizerClassName !== '', 'an authorizer'],
    ['zookeeper.set.acl', config.zookeeperSetAcl, 'ACLs on the nodes in ZooKeeper'],
    ['zookeeper.ssl.client.enable', config.zookeeperSslClientEnable, 'TLS to ZooKeeper'],
  ] as const;
  for (const [key, isAskedFor, what] of guards) {
    if (isAskedFor)
      throw new ConfigError(`${key} asks for ${what}, which is not supported yet: remove it`, key);
  }
}
