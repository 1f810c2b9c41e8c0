import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { ByteReader } from '../../../../src/base/byte-reader.ts';
import { MalformedError } from '../../../../src/base/malformed-error.ts';
import { ApiKey, apis } from '../../../../src/wire/kafka/apis.ts';
import { ErrorCode, errorOf } from '../../../../src/wire/kafka/errors.ts';
import { RequestHeader, readRequestHeader } from '../../../../src/wire/kafka/headers.ts';

describe('header versions', () => {
  for (const [name, version, request, response] of [
    ['ControlledShutdown', 0, 0, 0],
    ['ControlledShutdown', 1, 1, 0],
    ['ControlledShutdown', 3, 2, 1],
    ['Produce', 8, 1, 0],
    ['Produce', 9, 2, 1],
    ['ApiVersions', 0, 1, 0],
    ['ApiVersions', 3, 2, 0],
    ['SaslHandshake', 1, 1, 0],
  ] as const) {
    test(`${name} v${version}`, () => {
      const api = apis.get(ApiKey[name]);
      assert.equal(api?.requestHeaderVersion(version), request);
      assert.equal(api?.responseHeaderVersion(version), response);
    });
  }
});

describe('reading a request header', () => {
  const fields = { correlationId: 7, clientId: 'me' };

  test('leaves the reader at the body', () => {
    const header = { ...fields, requestApiKey: ApiKey.Fetch, requestApiVersion: 13 };
    const reader = new ByteReader(Buffer.concat([RequestHeader.at(2).encode(header), Buffer.from('body')]));
    const start = readRequestHeader(reader);
    assert.deepEqual({ ...start.header }, header);
    assert.equal(start.api?.name, 'Fetch');
    assert.equal(String(reader.bytes(reader.remaining)), 'body');
  });

  test('a version from the future is read like the newest known', () => {
    const header = { ...fields, requestApiKey: ApiKey.ApiVersions, requestApiVersion: 99 };
    const start = readRequestHeader(new ByteReader(RequestHeader.at(2).encode(header)));
    assert.equal(start.header.correlationId, 7);
    assert.equal(start.api?.name, 'ApiVersions');
  });

  test('an unknown key still gives the correlation id', () => {
    const header = { ...fields, requestApiKey: 999, requestApiVersion: 0 };
    const start = readRequestHeader(new ByteReader(RequestHeader.at(1).encode(header)));
    assert.equal(start.api, undefined);
    assert.equal(start.header.correlationId, 7);
  });

  test('a short header is malformed', () => {
    assert.throws(() => readRequestHeader(new ByteReader(Buffer.from('000100', 'hex'))), MalformedError);
  });
});

test('an error code that nobody knows is an unknown server error', () => {
  assert.equal(errorOf(4711).code, ErrorCode.UNKNOWN_SERVER_ERROR);
  assert.equal(errorOf(6).name, 'NOT_LEADER_OR_FOLLOWER');
});
