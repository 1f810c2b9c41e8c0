import { describePages } from '../../support/docs/describe-pages.ts';

/**
 * The tutorials, which start ensembles and clusters: three ZooKeeper servers and three brokers by their scripts, topics,
 * records, a host that fails, the stop scripts.
 */
describePages('tutorial', (page) => page.includes('tutorial'));
