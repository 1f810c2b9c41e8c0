import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { ApiKey, apis } from '../../../src/wire/kafka/apis.ts';
import { ApiVersionsRequest, ApiVersionsResponse } from '../../../src/wire/kafka/messages/18-api-versions.ts';
import { goldenJson } from '../../support/golden.ts';
import { RawKafkaClient } from '../../support/kafka/raw-kafka-client.ts';
import { startCluster } from '../../support/kafka/real-broker.ts';
import { memoryEnv } from '../../support/memory-env.ts';

interface Range {
  apiKey: number;
  minVersion: number;
  maxVersion: number;
}

const rangesByKey = (ranges: readonly Range[]) =>
  new Map(ranges.map(({ apiKey, minVersion, maxVersion }) => [apiKey, `${minVersion}-${maxVersion}`]));

/** What our broker advertises to a client. */
async function advertised(): Promise<Map<number, string>> {
  const env = memoryEnv();
  await using cluster = await startCluster(env);
  const [host = '', port] = cluster.broker.bootstrapServers.split(':');
  const client = await RawKafkaClient.connect(env.net, { host, port: Number(port) });
  try {
    const messages = { request: ApiVersionsRequest, response: ApiVersionsResponse };
    const { apiKeys } = await client.call(messages, 3, {
      clientSoftwareName: 'test',
      clientSoftwareVersion: '1',
    });
    return rangesByKey(apiKeys);
  } finally {
    client.destroy();
  }
}

it('docs/COMPATIBILITY.md says of every API what 3.9.1 advertises in ZooKeeper mode, and what we do', async () => {
  const exchanges = goldenJson<Record<string, { response: { apiKeys: Range[] } }>>(
    'kafka/api-versions-3.9-zk.json',
  );
  const apache = rangesByKey(exchanges['v3']?.response.apiKeys ?? []);
  const ours = await advertised();
  const rows = Object.values(ApiKey)
    .filter((key) => apache.has(key) || ours.has(key))
    .map(
      (key) => `| ${key} | ${apis.get(key)?.name} | ${apache.get(key) ?? '-'} | ${ours.get(key) ?? '-'} |`,
    );
  const page = readFileSync(new URL('../../../../docs/COMPATIBILITY.md', import.meta.url), 'utf8');
  const documented = page.split('\n').filter((line) => /^\| \d+ \| \w+ \| [\d-]+ \| [\d-]+ \|$/.test(line));
  assert.deepEqual(documented, rows);
});
