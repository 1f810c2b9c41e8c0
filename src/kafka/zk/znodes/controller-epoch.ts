import { decimal } from '../json.ts';

/** `/controller_epoch`: a bare number. Its version guards every write of the controller. */
export const controllerEpochPath = '/controller_epoch';

export function encodeControllerEpoch(epoch: number): Buffer {
  return Buffer.from(String(epoch));
}

export function decodeControllerEpoch(data: Buffer | null): number {
  return decimal(controllerEpochPath, (data ?? '').toString());
}
