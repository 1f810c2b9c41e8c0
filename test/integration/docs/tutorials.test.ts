import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describePages, userPages } from '../../support/docs/describe-pages.ts';

/**
 * The tutorials, which start ensembles and clusters: three ZooKeeper servers and three brokers by their scripts, topics,
 * records, a host that fails, the stop scripts.
 */
describePages('tutorial', (page) => page.includes('tutorial'));

/** What the tutorials of others are full of: the tutorial runs it. */
const KNOWN_COMMANDS = [
  /zkServer\.sh start /,
  /kafka-server-start\.sh -daemon config\/server\.properties/,
  /kafka-topics\.sh --zookeeper \S+:2181,\S+:2182,\S+:2183 --list/,
  /kafka-topics\.sh --zookeeper \S+ --create --replication-factor 3 --partitions 5 --topic ordertopic/,
  /kafka-topics\.sh --zookeeper \S+ --create --replication-factor 2 --partitions 2 --topic goodstopic/,
  /kafka-topics\.sh .*--describe/,
  /kafka-console-producer\.sh --broker-list \S+ --topic goodstopic/,
  /kafka-console-consumer\.sh --bootstrap-server \S+ --from-beginning --topic goodstopic\n/,
  /kafka-console-consumer\.sh --bootstrap-server \S+ --from-beginning --topic goodstopic --consumer-property group\.id=gtest/,
  /kafka-topics\.sh .*--delete --topic/,
  /zkServer\.sh status/,
  /kafka-server-stop\.sh\n/,
  /zkServer\.sh stop/,
];

it('the tutorial of a cluster has the commands that people know', () => {
  const blocks = userPages.get('docs/tutorial-cluster.md') ?? [];
  const commands = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text);
  for (const command of KNOWN_COMMANDS) assert.match(commands.join('\n'), command);
});
