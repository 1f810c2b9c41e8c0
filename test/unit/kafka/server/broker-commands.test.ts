import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StopReplicaCommand } from '../../../../src/kafka/metadata/controller-commands.ts';
import { MetadataCache } from '../../../../src/kafka/metadata/metadata-cache.ts';
import { BrokerCommands } from '../../../../src/kafka/server/broker-commands.ts';
import { ErrorCode } from '../../../../src/wire/kafka/errors.ts';
import { memoryEnv } from '../../../support/memory-env.ts';

/** A broker that starts; it registers with epoch 50. */
function startingBroker() {
  const applied: number[] = [];
  let brokerEpoch = -1;
  let registered = (): void => {};
  const result = { errorCode: ErrorCode.NONE, partitions: [] };
  const commands = new BrokerCommands({
    log: memoryEnv().log,
    metadata: new MetadataCache(),
    replicas: {
      lookup: () => ({ error: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }),
      accepts: () => true,
      applyLeaderAndIsr: () => result,
      applyStopReplica: (command) => {
        applied.push(command.brokerEpoch);
        return result;
      },
    },
    registered: new Promise((resolve) => {
      registered = resolve;
    }),
    brokerEpoch: () => brokerEpoch,
    loadTopicConfig: async () => {},
  });
  const register = (): void => {
    brokerEpoch = 50;
    registered();
  };
  return { applied, commands, register };
}

const stopFor = (brokerEpoch: number): StopReplicaCommand => ({
  kind: 'stopReplica',
  controllerId: 1,
  controllerEpoch: 1,
  brokerEpoch,
  partitions: [],
});

describe('a command to a broker that has not registered yet', () => {
  it('waits, and is refused when it was meant for an earlier life of the broker', async () => {
    const { applied, commands, register } = startingBroker();
    const early = commands.stopReplica(stopFor(40));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(applied, []);
    register();
    assert.equal((await early).errorCode, ErrorCode.STALE_BROKER_EPOCH);
    assert.deepEqual(applied, []);
  });

  it('waits, and is carried out when the controller has seen the registration before the broker', async () => {
    const { applied, commands, register } = startingBroker();
    const early = commands.stopReplica(stopFor(50));
    register();
    assert.equal((await early).errorCode, ErrorCode.NONE);
    assert.deepEqual(applied, [50]);
  });
});
