import { type ConnectionFlags, connectAdmin } from './connection.ts';
import { EXIT, type VerbContext } from './verb.ts';

export async function describeCluster(context: VerbContext<ConnectionFlags>): Promise<number> {
  const { output, signal } = context;
  await using admin = connectAdmin(context);
  const { clusterId, controllerId, brokers } = await admin.describeCluster({ signal });
  const topics = await admin.listTopics({ includeInternal: true, signal });
  const partitions = [...topics.values()].flatMap((topic) => topic.partitions);
  const shown = brokers.map(({ id, host, port, rack }) => ({
    id,
    host,
    port,
    rack,
    controller: id === controllerId,
    leads: partitions.filter(({ leader }) => leader === id).length,
    replicas: partitions.filter(({ replicas }) => replicas.includes(id)).length,
  }));
  const result = {
    clusterId,
    controllerId: controllerId < 0 ? null : controllerId,
    brokers: shown,
    topics: topics.size,
    partitions: partitions.length,
  };
  output.result(result, () => {
    output.line(`cluster     ${clusterId ?? '-'}`);
    output.line(`controller  ${controllerId < 0 ? output.style('red', 'none') : controllerId}`);
    output.line(`topics      ${topics.size} with ${partitions.length} partitions`);
    output.line();
    output.table(
      ['BROKER', 'ADDRESS', 'RACK', 'LEADS', 'REPLICAS'],
      shown.map(({ id, host, port, rack, leads, replicas }) => [
        id,
        `${host}:${port}`,
        rack,
        leads,
        replicas,
      ]),
    );
  });
  return EXIT.ok;
}
