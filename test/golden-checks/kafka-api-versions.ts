import { strict as assert } from 'node:assert';
import { ByteReader } from '../../src/base/byte-reader.ts';
import { ByteWriter } from '../../src/base/byte-writer.ts';
import { ApiKey, apis } from '../../src/wire/kafka/apis.ts';
import { ResponseHeader, readRequestHeader } from '../../src/wire/kafka/headers.ts';
import { ApiVersionsRequest, ApiVersionsResponse } from '../../src/wire/kafka/messages/18-api-versions.ts';
import type { GoldenCheck } from './check.ts';

interface Exchange {
  readonly requestHex: string;
  readonly responseHex: string;
  readonly correlationId: number;
  readonly decodedAsVersion: number;
  readonly response: { readonly errorCode: number; readonly apiKeys: readonly unknown[] };
}

/** Raw ApiVersions exchanges, headers included. */
export const kafkaApiVersions: GoldenCheck = {
  name: 'Kafka ApiVersions exchanges',
  matches: (path) => /^kafka\/api-versions-[^/]*\.json$/.test(path),
  *cases(file) {
    for (const [label, exchange] of Object.entries(file.json<Record<string, Exchange>>())) {
      const version = Number(label.slice(1));
      yield { label: `${label} request`, run: () => checkRequest(version, exchange) };
      yield { label: `${label} response`, run: () => checkResponse(exchange) };
    }
  },
};

function checkRequest(version: number, { requestHex, correlationId }: Exchange): void {
  const reader = new ByteReader(Buffer.from(requestHex, 'hex'));
  const { header, api } = readRequestHeader(reader);
  assert.equal(api?.key, ApiKey.ApiVersions);
  assert.deepEqual(
    { ...header },
    { requestApiKey: 18, requestApiVersion: version, correlationId, clientId: 'golden' },
  );
  if (version <= ApiVersionsRequest.versions.max) {
    ApiVersionsRequest.at(version).read(reader);
    assert.equal(reader.remaining, 0);
  }
}

function checkResponse({ responseHex, correlationId, decodedAsVersion, response }: Exchange): void {
  const bytes = Buffer.from(responseHex, 'hex');
  const headerVersion = apis.get(ApiKey.ApiVersions)?.responseHeaderVersion(decodedAsVersion);
  assert.equal(headerVersion, 0);
  const reader = new ByteReader(bytes);
  const header = ResponseHeader.at(0).read(reader);
  assert.equal(header.correlationId, correlationId);
  const codec = ApiVersionsResponse.at(decodedAsVersion);
  const body = codec.read(reader);
  assert.equal(reader.remaining, 0);
  assert.equal(body.errorCode, response.errorCode);
  assert.deepEqual(body.apiKeys, response.apiKeys);
  const writer = new ByteWriter();
  ResponseHeader.at(0).write(writer, header);
  codec.write(writer, body);
  assert.equal(writer.toBuffer().toString('hex'), responseHex);
}
