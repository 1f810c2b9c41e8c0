import { MalformedError } from '../../../base/malformed-error.ts';
import { encodeJson, members, ZnodeObject } from '../json.ts';

/** `/latest_producer_id_block`: the block of producer ids that was handed out last; no data before the first. */
export const producerIdBlockPath = '/latest_producer_id_block';

/** Producer ids `first` to `last`, both inclusive, that belong to one broker. */
export interface ProducerIdBlock {
  brokerId: number;
  first: bigint;
  last: bigint;
}

export function encodeProducerIdBlock(block: ProducerIdBlock): Buffer {
  return encodeJson(
    members([
      ['version', 1],
      ['broker', block.brokerId],
      ['block_start', String(block.first)],
      ['block_end', String(block.last)],
    ]),
  );
}

export function decodeProducerIdBlock(data: Buffer): ProducerIdBlock {
  const json = ZnodeObject.parse(producerIdBlockPath, data);
  return {
    brokerId: json.integer('broker'),
    first: int64(json.string('block_start')),
    last: int64(json.string('block_end')),
  };
}

function int64(text: string): bigint {
  const value = /^-?\d{1,19}$/.test(text) ? BigInt(text) : null;
  if (value === null || BigInt.asIntN(64, value) !== value) {
    throw new MalformedError(`znode ${producerIdBlockPath}: ${JSON.stringify(text)} is no 64-bit integer`);
  }
  return value;
}
