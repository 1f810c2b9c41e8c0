import { randomUUID } from 'node:crypto';
import { Admin } from '../../../src/clients/kafka/admin/admin.ts';
import { Cluster } from '../../../src/clients/kafka/cluster/cluster.ts';
import { createNodeEnv } from '../../../src/env/node/create-node-env.ts';
import { ApacheKraft } from '../../../tools/peers/apache-kraft.ts';
import { startApache } from '../../../tools/peers/targets.ts';
import { Workspace } from '../../../tools/workspace.ts';
import * as story from '../admin-story.ts';
import type { Context, Scenario } from '../scenario.ts';

const STEPS = [
  ['topics', story.topicsAndConfigs],
  ['cluster', story.theCluster],
  ['partitions', story.partitions],
  ['groups', story.groups],
  ['access and quotas', story.accessAndQuotas],
  ['transactions', story.transactions],
  ['client metrics', story.clientMetrics],
  ['deletion', story.theEnd],
] as const;

const ALL = {
  acls: true,
  tokens: true,
  transactions: true,
  newGroups: true,
  shareGroups: true,
  kraft: true,
};
const APACHE_39 = { ...ALL, newGroups: false, shareGroups: false, kraft: false };
const OURS = { ...APACHE_39, acls: false, tokens: false, transactions: false };

async function tell(context: Context, bootstrapServers: string, served: story.Served): Promise<string> {
  const env = createNodeEnv({ logLevel: 'warn' });
  await using admin = new Admin(env, { bootstrapServers, clientId: 'admin-story' });
  const cluster = new Cluster(env, { bootstrapServers, clientId: 'admin-helper' });
  try {
    const topic = `admin-${randomUUID().slice(0, 8)}`;
    for (const [name, step] of STEPS) {
      context.say(`  ${name}`);
      await step({ admin, cluster, served, topic });
    }
    return `${STEPS.map(([name]) => name).join(', ')}`;
  } finally {
    cluster.close();
  }
}

const shows = 'every method of the admin client; what is not served is refused by its name';

/** Our admin client against our broker, Apache's with ZooKeeper and the newest without. */
export const kafkaAdminScenarios: readonly Scenario[] = [
  {
    name: 'our admin client',
    shows,
    async run(context) {
      const { bootstrap } = await context.shared();
      return tell(context, bootstrap, context.which === 'ours' ? OURS : { ...APACHE_39, acls: false });
    },
  },
  {
    name: 'our admin client on Kafka 3.9.2',
    shows,
    async run(context) {
      const workspace = new Workspace('admin-39');
      const apache = await startApache(context.toolbox, workspace, {
        'authorizer.class.name': 'kafka.security.authorizer.AclAuthorizer',
        'super.users': 'User:ANONYMOUS',
        'delegation.token.secret.key': 'secret',
      });
      try {
        return await tell(context, apache.bootstrap, APACHE_39);
      } finally {
        await apache.stop('SIGKILL');
        workspace.remove();
      }
    },
  },
  {
    name: 'our admin client on Kafka 4.3.0',
    shows,
    async run(context) {
      const workspace = new Workspace('admin-43');
      const apache = await ApacheKraft.start(context.toolbox, workspace, {
        config: {
          'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
          'super.users': 'User:ANONYMOUS',
          'delegation.token.secret.key': 'secret',
        },
      });
      try {
        return await tell(context, apache.bootstrap, ALL);
      } finally {
        await apache.stop('SIGKILL');
        workspace.remove();
      }
    },
  },
];
