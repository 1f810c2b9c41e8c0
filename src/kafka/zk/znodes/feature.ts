import { MalformedError } from '../../../base/malformed-error.ts';
import { encodeJson, members, ZnodeObject } from '../json.ts';

/** `/feature`: finalized features of the cluster (KIP-584). */
export const featurePath = '/feature';

export interface FinalizedFeatures {
  /** 1 has a minimum and a maximum level for each feature, 2 a maximum only. */
  version: 1 | 2;
  enabled: boolean;
  /** Maximum level by feature. */
  features: ReadonlyMap<string, number>;
}

export function encodeFeature(node: FinalizedFeatures): Buffer {
  return encodeJson(
    members([
      [
        'features',
        members(
          [...node.features].map(([name, level]) => [
            name,
            members(
              node.version === 1
                ? [
                    ['max_version_level', level],
                    ['min_version_level', level],
                  ]
                : [['max_version_level', level]],
            ),
          ]),
        ),
      ],
      ['version', node.version],
      ['status', node.enabled ? 1 : 0],
    ]),
  );
}

export function decodeFeature(data: Buffer | null): FinalizedFeatures {
  const json = ZnodeObject.parse(featurePath, data);
  const version = json.integer('version');
  if (version !== 1 && version !== 2) {
    throw new MalformedError(`znode ${featurePath}: unsupported version ${version}`);
  }
  const status = json.integer('status');
  if (status !== 0 && status !== 1) throw new MalformedError(`znode ${featurePath}: bad status ${status}`);
  const levels = json.object('features');
  const features = new Map<string, number>();
  for (const name of levels.keys()) {
    const level = levels.object(name).integer('max_version_level');
    if (level < 1) throw new MalformedError(`znode ${featurePath}: bad level ${level} of ${name}`);
    features.set(name, level);
  }
  return { version, enabled: status === 1, features };
}
