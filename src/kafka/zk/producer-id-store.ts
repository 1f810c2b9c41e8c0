import { isZooKeeperError } from './port.ts';
import type { ZkConnection } from './zk-connection.ts';
import {
  decodeProducerIdBlock,
  encodeProducerIdBlock,
  type ProducerIdBlock,
  producerIdBlockPath,
} from './znodes/producer-id-block.ts';

const blockSize = 1000n;
const lastProducerId = 2n ** 63n - 1n;

/** Hands out blocks of producer ids that no other broker gets (`ZkProducerIdManager`). */
export class ProducerIdStore {
  readonly #zk: ZkConnection;

  constructor(zk: ZkConnection) {
    this.#zk = zk;
  }

  async nextBlock(brokerId: number): Promise<ProducerIdBlock> {
    for (;;) {
      const { data, stat } = await this.#zk.run((session) => session.getData(producerIdBlockPath));
      const first = data === null ? 0n : decodeProducerIdBlock(data).last + 1n;
      const block = { brokerId, first, last: first + blockSize - 1n };
      if (block.last > lastProducerId) {
        throw new Error(`all producer ids have been used: ${producerIdBlockPath} has come to its end`);
      }
      try {
        const encoded = encodeProducerIdBlock(block);
        await this.#zk.run((session) => session.setData(producerIdBlockPath, encoded, stat.version));
        return block;
      } catch (error) {
        if (!isZooKeeperError(error, 'BADVERSION')) throw error;
      }
    }
  }
}
