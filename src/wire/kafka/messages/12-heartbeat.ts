/** Heartbeat: keeps a member of a classic group alive and tells it of rebalances. */
import { int16, int32, message, string } from '../schema/index.ts';

export const HeartbeatRequest = message(
  'HeartbeatRequest',
  { key: 12, kind: 'request', versions: '0-4', flexible: '4+' },
  {
    groupId: string('0+'),
    generationId: int32('0+'),
    memberId: string('0+'),
    groupInstanceId: string('3+', { nullable: '3+', default: null }),
  },
);

export const HeartbeatResponse = message(
  'HeartbeatResponse',
  { key: 12, kind: 'response', versions: '0-4', flexible: '4+' },
  {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16('0+'),
  },
);
