import type { Admin } from '../../clients/kafka/admin/admin.ts';
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import { CliError } from '../failure.ts';
import { illegalArgument } from '../java-error.ts';
import type { ConfigEntities, ConfigsOptions } from '../kafka-configs.ts';
import { alterConfigs } from './alter-configs.ts';
import { describeConfigs } from './describe-configs.ts';
import { withAdmin } from './with-admin.ts';
import { bootstrapFromZooKeeper } from './zookeeper-bootstrap.ts';

/** The action of a `kafka-configs` whose options are right. Throws JavaError. */
export async function runConfigs(options: ConfigsOptions, entities: ConfigEntities): Promise<void> {
  const from = {
    bootstrapServers: await bootstrapServers(options, entities),
    commandConfig: options.text('command-config'),
  };
  await withAdmin(from, async (admin: Admin) => {
    if (options.has('alter') && entities.types.length !== entities.names.length) {
      throw illegalArgument('An entity name must be specified for every entity type');
    }
    if (options.has('alter')) await alterConfigs(admin, options, entities);
    else await describeConfigs(admin, options, entities);
  });
}

/**
 * With `--zookeeper`, the brokers that are registered there: they write what Apache's tool writes to ZooKeeper by itself.
 * That is for brokers that do not run, which is not served here.
 */
async function bootstrapServers(options: ConfigsOptions, { types }: ConfigEntities): Promise<string> {
  if (options.has('bootstrap-controller')) {
    throw new CliError('--bootstrap-controller is for clusters without ZooKeeper: give --bootstrap-server');
  }
  const given = options.text('bootstrap-server');
  if (given !== undefined) return given;
  console.log('Warning: --zookeeper is deprecated and will be removed in a future version of Kafka.');
  console.log('Use --bootstrap-server instead to specify a broker to connect to.');
  if (options.has('zk-tls-config-file')) {
    throw new CliError('--zk-tls-config-file: TLS to ZooKeeper is not supported yet: leave it out');
  }
  if (types.includes('brokers')) {
    throw illegalArgument(
      `--bootstrap-server option must be specified to ${options.has('alter') ? 'update' : 'describe'} brokers. Broker configuration operations using ZooKeeper are only supported if the affected broker(s) are not running.`,
    );
  }
  return bootstrapFromZooKeeper(createNodeEnv({ logLevel: 'silent' }), options.required('zookeeper'));
}
