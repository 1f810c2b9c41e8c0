import { encodeJson, members, ZnodeObject } from '../json.ts';

/** `/log_dir_event_notification`: sequential children that tell the controller of a failed log directory. */
export const logDirEventsPath = '/log_dir_event_notification';
export const logDirEventPrefix = 'log_dir_event_';

export function logDirEventPath(sequenceNode = logDirEventPrefix): string {
  return `${logDirEventsPath}/${sequenceNode}`;
}

/** Event 1: a log directory of the broker has failed (KIP-112). */
export function encodeLogDirEvent(brokerId: number): Buffer {
  return encodeJson(
    members([
      ['version', 1],
      ['broker', brokerId],
      ['event', 1],
    ]),
  );
}

/** The broker whose directory failed. */
export function decodeLogDirEvent(path: string, data: Buffer | null): number {
  return ZnodeObject.parse(path, data).integer('broker');
}
