import type { Env } from '../../env/env.ts';
import { type QuorumVerifier, sameConfig } from '../election/quorum-verifier.ts';
import { DynamicConfigFiles } from './dynamic-config-files.ts';
import type { EnsembleConfig } from './ensemble-config.ts';

export interface MembershipOptions {
  env: Pick<Env, 'disk' | 'log'>;
  ensemble: EnsembleConfig;
  reconfigEnabled: boolean;
}

/**
 * The configurations that a server knows, the last committed and the last proposed one, and their files
 * (QuorumPeer.setQuorumVerifier and setLastSeenQuorumVerifier of 3.9). As there, a file that cannot be written is
 * logged and no more: the other servers know the configuration, and tell it on the next start.
 */
export class Membership {
  readonly reconfigEnabled: boolean;
  private readonly log: Env['log'];
  private readonly serverId: number;
  private readonly files: DynamicConfigFiles | undefined;
  private committedConfig: QuorumVerifier;
  private proposedConfig: QuorumVerifier;

  constructor(options: MembershipOptions) {
    const { env, ensemble, reconfigEnabled } = options;
    const { quorum, nextQuorum = quorum, configFile, serverId } = ensemble;
    this.log = env.log;
    this.reconfigEnabled = reconfigEnabled;
    this.serverId = serverId;
    this.files = configFile === undefined ? undefined : new DynamicConfigFiles(env.disk, configFile.path);
    this.committedConfig = quorum;
    this.proposedConfig = reconfigEnabled ? nextQuorum : quorum;
    if (reconfigEnabled && configFile?.hasServers === true) this.keep((files) => files.backUp());
  }

  get committed(): QuorumVerifier {
    return this.committedConfig;
  }

  /** The committed one when nothing is being proposed. */
  get lastSeen(): QuorumVerifier {
    return this.proposedConfig;
  }

  propose(config: QuorumVerifier): void {
    if (!this.reconfigEnabled || config.version === this.proposedConfig.version) return;
    this.proposedConfig = config;
    this.keep((files) => files.writeNext(config));
  }

  /** The configuration before, when the servers or their addresses differ from it; undefined when nothing changes. */
  commit(config: QuorumVerifier): QuorumVerifier | undefined {
    const before = this.committedConfig;
    if (!this.reconfigEnabled || before.version >= config.version) return undefined;
    this.committedConfig = config;
    if (config.version > this.proposedConfig.version) this.proposedConfig = config;
    const own = config.members.get(this.serverId);
    this.keep((files) => files.writeCommitted(config, { withoutClientPort: own?.client !== undefined }));
    if (config.version === this.proposedConfig.version) this.keep((files) => files.removeNext());
    return sameConfig(before, config) ? undefined : before;
  }

  private keep(action: (files: DynamicConfigFiles) => void): void {
    if (this.files === undefined) return;
    try {
      action(this.files);
    } catch (error) {
      this.log.error('cannot write the configuration of the ensemble', { error: String(error) });
    }
  }
}
