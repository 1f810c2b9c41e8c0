import assert from 'node:assert/strict';
import { it } from 'node:test';
import { partitionOfKey } from '../../../src/clients/kafka/producer/partitioners.ts';
import { goldenText } from '../../support/golden.ts';

it('keys go to the partitions that Java sends them to', () => {
  // Made by tools/golden/MakeKeyPartitions.java.
  const lines = goldenText('kafka/key-partitions.txt.gz').trim().split('\n');
  assert.equal(lines.length, 10_000);
  for (const line of lines) {
    const [key = '', partitions, expected] = line.split(' ');
    assert.equal(partitionOfKey(Buffer.from(key, 'base64'), Number(partitions)), Number(expected), line);
  }
});
