import { bool, int, string } from '../../../../base/config-keys/config-def.ts';
import { atLeast } from '../../../../base/config-keys/validators.ts';

/** The broker itself and topic creation. */
export const generalDefs = {
  'auto.create.topics.enable': bool(true, {
    importance: 'HIGH',
    doc: 'Whether asking for a topic that does not exist creates it.',
  }),
  'broker.id': int(-1, { importance: 'HIGH', doc: 'Id of this broker; -1 has one generated.' }),
  'broker.id.generation.enable': bool(true),
  'broker.rack': string(null, { doc: 'Rack of this broker; replicas of a partition are spread over racks.' }),
  'delete.topic.enable': bool(true, { importance: 'HIGH', doc: 'Whether topics can be deleted.' }),
  'num.partitions': int(1, {
    valid: atLeast(1),
    doc: 'Partitions of topics that are created without a number.',
  }),
  'reserved.broker.max.id': int(1000, { valid: atLeast(0) }),
};
