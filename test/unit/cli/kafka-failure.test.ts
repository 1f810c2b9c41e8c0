import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { asJavaError } from '../../../src/cli/kafka-failure.ts';
import { UnsupportedApiError } from '../../../src/clients/kafka/network/network-error.ts';

const javaText = (error: Error) => String(asJavaError(error)).replace(/^JavaError: /, '');

describe('a command tells of an API that a broker does not serve', () => {
  it('as the client of Java does', () => {
    assert.equal(
      javaText(new UnsupportedApiError('DescribeAclsRequest', 'no')),
      'The node does not support DESCRIBE_ACLS',
    );
  });

  it('in the versions that would do', () => {
    const versions = { wanted: { min: 12, max: 13 }, served: { min: 0, max: 9 } };
    assert.equal(
      javaText(new UnsupportedApiError('MetadataRequest', 'no', versions)),
      'The node does not support METADATA with version in range [12,13]. The supported range is [0,9].',
    );
  });
});
