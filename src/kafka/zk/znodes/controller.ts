import { encodeJson, members, ZnodeObject } from '../json.ts';

/** `/controller`, version 2: an ephemeral node of the broker that is the controller. */
export const controllerPath = '/controller';

export interface ControllerRegistration {
  brokerId: number;
  /** Epoch of a KRaft controller during a migration; -1 (or absent) for a broker. */
  kraftControllerEpoch: number;
}

export function encodeController(brokerId: number, timestampMs: number): Buffer {
  return encodeJson(
    members([
      ['version', 2],
      ['brokerid', brokerId],
      ['timestamp', String(timestampMs)],
      ['kraftControllerEpoch', -1],
    ]),
  );
}

export function decodeController(data: Buffer | null): ControllerRegistration {
  const json = ZnodeObject.parse(controllerPath, data);
  return {
    brokerId: json.integer('brokerid'),
    kraftControllerEpoch: json.has('kraftControllerEpoch') ? json.integer('kraftControllerEpoch') : -1,
  };
}
