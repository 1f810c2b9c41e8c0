import { encodeJson, members, ZnodeObject } from '../json.ts';

/** `/cluster/id`, version "1": the id of the cluster, made by the first broker. */
export const clusterIdPath = '/cluster/id';

export function encodeClusterId(id: string): Buffer {
  return encodeJson(
    members([
      ['version', '1'],
      ['id', id],
    ]),
  );
}

export function decodeClusterId(data: Buffer | null): string {
  return ZnodeObject.parse(clusterIdPath, data).string('id');
}
