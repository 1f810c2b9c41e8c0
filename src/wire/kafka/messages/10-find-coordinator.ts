/**
 * FindCoordinator: which broker coordinates a group, transactional id or share partition.
 *
 * Several keys per request from version 4 on (KIP-699).
 */
import { array, int8, int16, int32, message, string } from '../schema/index.ts';

export const FindCoordinatorRequest = message(
  'FindCoordinatorRequest',
  { key: 10, kind: 'request', versions: '0-6', flexible: '3+' },
  {
    key: string('0-3'),
    keyType: int8('1+', { default: 0 }),
    coordinatorKeys: array('4+', 'string'),
  },
);

export const FindCoordinatorResponse = message(
  'FindCoordinatorResponse',
  { key: 10, kind: 'response', versions: '0-6', flexible: '3+' },
  {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16('0-3'),
    errorMessage: string('1-3', { nullable: '1-3', ignorable: true }),
    nodeId: int32('0-3'),
    host: string('0-3'),
    port: int32('0-3'),
    coordinators: array('4+', {
      key: string('4+'),
      nodeId: int32('4+'),
      host: string('4+'),
      port: int32('4+'),
      errorCode: int16('4+'),
      errorMessage: string('4+', { nullable: '4+', ignorable: true }),
    }),
  },
);
