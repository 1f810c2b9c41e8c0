import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MalformedError } from '../../../../src/base/malformed-error.ts';
import {
  decodePreferredReplicaElection,
  decodeReassignPartitions,
  encodePreferredReplicaElection,
  encodeReassignPartitions,
} from '../../../../src/kafka/zk/znodes/admin.ts';
import { decodeBrokerId, encodeBrokerId } from '../../../../src/kafka/zk/znodes/broker-id.ts';
import { decodeConfigChange } from '../../../../src/kafka/zk/znodes/config-change.ts';
import {
  decodeConsumerOffset,
  encodeConsumerOffset,
} from '../../../../src/kafka/zk/znodes/consumer-offset.ts';
import { decodeController } from '../../../../src/kafka/zk/znodes/controller.ts';
import {
  decodeEntityConfig,
  desanitize,
  encodeEntityConfig,
  sanitize,
} from '../../../../src/kafka/zk/znodes/entity-config.ts';
import {
  decodePartitionState,
  encodePartitionState,
} from '../../../../src/kafka/zk/znodes/partition-state.ts';
import { decodeProducerIdBlock } from '../../../../src/kafka/zk/znodes/producer-id-block.ts';
import { decodeTopic } from '../../../../src/kafka/zk/znodes/topic.ts';

test('a topic written by a tool of version 1 has partitions and no id', () => {
  assert.deepEqual(decodeTopic('t', Buffer.from('{"version":1,"partitions":{"1":[2,1],"0":[1]}}')), {
    topicId: null,
    partitions: new Map([
      [0, { replicas: [1], addingReplicas: [], removingReplicas: [] }],
      [1, { replicas: [2, 1], addingReplicas: [], removingReplicas: [] }],
    ]),
  });
});

test('registrations of old brokers are read', () => {
  const v1 = '{"version":1,"host":"old","port":9092,"jmx_port":-1,"timestamp":"1"}';
  const v2 =
    '{"version":2,"host":"h","port":9092,"jmx_port":9999,"timestamp":"1","endpoints":["SSL://[::1]:9093"]}';
  assert.deepEqual(decodeBrokerId(1, Buffer.from(v1)).endpoints, [
    { listenerName: 'PLAINTEXT', securityProtocol: 'PLAINTEXT', host: 'old', port: 9092 },
  ]);
  assert.deepEqual(decodeBrokerId(1, Buffer.from(v2)), {
    brokerId: 1,
    endpoints: [{ listenerName: 'SSL', securityProtocol: 'SSL', host: '::1', port: 9093 }],
    rack: null,
    jmxPort: 9999,
  });
});

test('a broker without a PLAINTEXT listener registers no host for old clients', () => {
  const endpoints = [{ listenerName: 'CLIENT', securityProtocol: 'SASL_SSL', host: '::1', port: 9093 }];
  assert.equal(
    encodeBrokerId({ brokerId: 7, endpoints, rack: null, jmxPort: -1 }, 5).toString(),
    '{"features":{},"listener_security_protocol_map":{"CLIENT":"SASL_SSL"},"endpoints":["CLIENT://[::1]:9093"],' +
      '"jmx_port":-1,"port":-1,"host":null,"version":5,"timestamp":"5"}',
  );
});

test('a leader that recovers keeps its mark', () => {
  const state = { leader: 1, leaderEpoch: 3, isr: [1], leaderRecovering: true, controllerEpoch: 2 };
  assert.deepEqual(decodePartitionState('/p', encodePartitionState(state)), state);
});

test('requests of old tools under /admin', () => {
  const partitions = [{ topic: 't', partition: 1, replicas: [2, 3] }];
  const text = '{"version":1,"partitions":[{"topic":"t","partition":1,"replicas":[2,3]}]}';
  assert.equal(encodeReassignPartitions(partitions).toString(), text);
  assert.deepEqual(decodeReassignPartitions(Buffer.from(text)), partitions);
  const election = encodePreferredReplicaElection([{ topic: 't', partition: 1 }]);
  assert.equal(election.toString(), '{"version":1,"partitions":[{"topic":"t","partition":1}]}');
  assert.deepEqual(decodePreferredReplicaElection(election), [{ topic: 't', partition: 1 }]);
});

test('configuration of control characters, quotes and unicode', () => {
  const config = new Map([['k', 'a"b\\u001f\u001f\n\u00e9\u2028']]);
  const encoded = encodeEntityConfig(config);
  assert.equal(encoded.toString(), '{"version":1,"config":{"k":"a\\"b\\\\u001f\\u001F\\n\u00e9\u2028"}}');
  assert.deepEqual(decodeEntityConfig('/config/topics/t', encoded), config);
  assert.deepEqual(decodeEntityConfig('/config/topics/t', null), new Map());
});

test('offsets of old consumers are bare numbers', () => {
  assert.equal(encodeConsumerOffset(42).toString(), '42');
  assert.equal(decodeConsumerOffset('/c', Buffer.from('42')), 42);
  assert.equal(decodeConsumerOffset('/c', null), null);
});

test('damaged znodes are refused with their path', () => {
  const cases: readonly [() => unknown, RegExp][] = [
    [() => decodeTopic('t', Buffer.from('nonsense')), /\/brokers\/topics\/t does not hold JSON/],
    [() => decodeTopic('t', null), /\/brokers\/topics\/t does not hold JSON/],
    [() => decodeTopic('t', Buffer.from('{"partitions":{"x":[1]}}')), /bad partition "x"/],
    [() => decodeTopic('t', Buffer.from('{"partitions":{"0":["1"]}}')), /"0" must be a list of integers/],
    [() => decodeController(Buffer.from('[]')), /\/controller holds no JSON object/],
    [() => decodeController(Buffer.from('{"brokerid":"1"}')), /"brokerid" must be an integer, not "1"/],
    [() => decodeController(Buffer.from('{}')), /"brokerid" must be an integer, not undefined/],
    [() => decodeConsumerOffset('/c', Buffer.from('12x')), /\/c must hold a decimal number/],
    [
      () =>
        decodeProducerIdBlock(
          Buffer.from('{"broker":1,"block_start":"0","block_end":"9223372036854775808"}'),
        ),
      /no 64-bit integer/,
    ],
    [() => decodeConfigChange('/n', Buffer.from('{"version":2,"entity_path":"nothing"}')), /names no entity/],
    [
      () => decodeBrokerId(1, Buffer.from('{"version":5,"jmx_port":-1,"endpoints":["x"]}')),
      /bad endpoint "x"/,
    ],
  ];
  for (const [decode, message] of cases) {
    assert.throws(decode, (error) => error instanceof MalformedError && message.test(error.message));
  }
});

test('names of users and clients are safe in paths, as Kafka has them', () => {
  for (const [name, safe] of [
    ['CN=Jan Kowalski, O=sierra', 'CN%3DJan%20Kowalski%2C%20O%3Dsierra'],
    ['app 1/sierra', 'app%201%2Fsierra'],
    ["!*'()~-._", '%21%2A%27%28%29%7E-._'],
  ] as const) {
    assert.equal(sanitize(name), safe);
    assert.equal(desanitize(safe), name);
  }
});
