import { BadValue } from '../../base/bad-value.ts';
import type { Disk } from '../../env/disk.ts';
import { PropertiesError, type Property, parsePropertiesFile } from '../../storage/properties.ts';
import { isServerId, type PeerSpec } from '../election/peer-spec.ts';
import { parseQuorumConfig, QuorumLines } from '../election/quorum-config.ts';
import { QuorumConfigError, type QuorumVerifier } from '../election/quorum-verifier.ts';
import { ZooKeeperConfigError, type ZooKeeperServerOptions } from './config.ts';
import {
  ENSEMBLE_KEYS,
  SETTINGS,
  type Setting,
  UNSUPPORTED_GUARDS,
  WITHOUT_EFFECT,
  WITHOUT_EFFECT_PREFIXES,
} from './config-keys.ts';
import { nextConfigPath, versionInName } from './dynamic-config-files.ts';
import { type EnsembleConfig, roleOf } from './ensemble-config.ts';

/** What zoo.cfg and the system properties say. */
export interface ServerConfigFile {
  /** To be completed with the defaults by `completeConfig`. */
  readonly options: ZooKeeperServerOptions;
  /** The `server.N` lines; more than one participant makes an ensemble. */
  readonly peers: readonly PeerSpec[];
  /** One line each: unknown and repeated keys, and those that have no effect here. */
  readonly warnings: readonly string[];
}

/** Java system properties by name (`zookeeper.snapCount`, `jute.maxbuffer`, ...), as from `-D` flags. */
export type SystemProperties = ReadonlyMap<string, string>;

/**
 * Reads a zoo.cfg. As in Apache, a key of the file wins over the system property of the same meaning. Throws
 * ZooKeeperConfigError that names the file, the line and the remedy. A member of an ensemble has its id in the file
 * `myid` of the data directory.
 */
export function loadServerConfig(
  disk: Pick<Disk, 'readFile'>,
  path: string,
  properties: SystemProperties = new Map(),
): ServerConfigFile {
  return new ConfigReader(disk, path, properties).read();
}

const BY_NAME: ReadonlyMap<string, Setting> = new Map(SETTINGS.map((setting) => [setting.name, setting]));
const BY_PROPERTY: ReadonlyMap<string, Setting> = new Map(
  SETTINGS.flatMap((setting) => (setting.property === undefined ? [] : [[setting.property, setting]])),
);
/** System properties of the JVM and its libraries begin otherwise and are none of our business. */
const OUR_PROPERTIES = /^(zookeeper|jute|znode|fsync|readonlymode)\./;

/** Without tickTime in zoo.cfg (ZooKeeperServer.DEFAULT_TICK_TIME). */
const DEFAULT_TICK_MS = 3000;

class ConfigReader {
  private readonly disk: Pick<Disk, 'readFile'>;
  private readonly path: string;
  private readonly properties: SystemProperties;
  private readonly values = new Map<Setting['field'], unknown>();
  private readonly quorumLines = new QuorumLines();
  private readonly ensembleValues = new Map<string, unknown>();
  private readonly warnings: string[] = [];
  private content: Buffer = Buffer.alloc(0);
  private readonly withoutEffect: string[] = [];
  private configVersion = 0;
  private nextQuorum: QuorumVerifier | undefined;
  private firstPeer: string | undefined;

  constructor(disk: Pick<Disk, 'readFile'>, path: string, properties: SystemProperties) {
    this.disk = disk;
    this.path = path;
    this.properties = properties;
  }

  read(): ServerConfigFile {
    for (const [name, value] of this.properties) this.readProperty(name, value.trim());
    const lines = this.readLines(this.path);
    const dynamicPath = lines.findLast(({ key }) => key === 'dynamicConfigFile')?.value;
    for (const line of lines) this.readLine(line, dynamicPath !== undefined);
    if (dynamicPath !== undefined) this.readDynamicFile(dynamicPath);
    const dataDir = this.values.get('dataDir');
    if (typeof dataDir !== 'string') {
      throw new ZooKeeperConfigError(
        `${this.path}: dataDir is missing: add a line such as dataDir=/var/lib/zookeeper`,
      );
    }
    if (this.withoutEffect.length > 0) {
      this.warnings.push(`${this.path}: known, but without effect here: ${this.withoutEffect.join(', ')}`);
    }
    const ensemble = this.ensembleOf(dataDir);
    // The parser of each setting gives the type of its field, which `config-keys.ts` checks.
    const options = {
      tickTimeMs: DEFAULT_TICK_MS,
      adminEnabled: true,
      ...Object.fromEntries(this.values),
      initialConfig: this.content.toString(),
      systemProperties: this.properties,
      ...this.clientAddressOf(ensemble),
      dataDir,
      ensemble,
    } as ZooKeeperServerOptions;
    return { options, peers: [...this.quorumLines.peers.values()], warnings: this.warnings };
  }

  private readLines(path: string): Property[] {
    const content = this.readFile(path);
    if (path === this.path) this.content = content;
    try {
      const lines = parsePropertiesFile(content, path).map(({ key, value, line }) => ({
        key: key.trim(),
        value: value.trim(),
        line,
      }));
      this.warnOfRepeated(path, lines);
      return lines;
    } catch (cause) {
      if (cause instanceof PropertiesError) throw new ZooKeeperConfigError(cause.message, { cause });
      throw cause;
    }
  }

  private readFile(path: string): Buffer {
    try {
      return this.disk.readFile(path);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ZooKeeperConfigError(
        `cannot read ${path}: ${reason}. Give the path of a readable configuration file`,
        {
          cause,
        },
      );
    }
  }

  private warnOfRepeated(path: string, lines: readonly Property[]): void {
    const seen = new Map<string, number>();
    for (const { key, line } of lines) {
      const earlier = seen.get(key);
      if (earlier !== undefined)
        this.warnings.push(`${path}, line ${line}: ${key} replaces that of line ${earlier}`);
      seen.set(key, line);
    }
  }

  private readProperty(name: string, value: string): void {
    const setting = BY_PROPERTY.get(name);
    if (setting !== undefined) {
      this.set(setting, value, `-D${name}`);
    } else if (OUR_PROPERTIES.test(name)) {
      this.readOther(name.replace(/^zookeeper\./, ''), value, `-D${name}`);
    }
  }

  private readLine({ key, value, line }: Property, hasDynamicFile: boolean): void {
    const where = `${this.path}, line ${line}: ${key}`;
    const setting = BY_NAME.get(key) ?? BY_PROPERTY.get(key);
    if (setting !== undefined) {
      this.set(setting, value, where);
    } else if (this.isEnsembleLine(key, value, where)) {
      if (hasDynamicFile) {
        throw new ZooKeeperConfigError(
          `${where} must be in the file that dynamicConfigFile names: move the line there`,
        );
      }
    } else {
      this.readOther(key, value, where);
    }
  }

  private readDynamicFile(path: string): void {
    for (const { key, value, line } of this.readLines(path)) {
      const where = `${path}, line ${line}: ${key}`;
      if (this.isEnsembleLine(key, value, where)) continue;
      const remedy =
        key === 'version' ? 'it is the ending of the file name' : 'give server.N, group.N and weight.N';
      throw new ZooKeeperConfigError(`${where} does not belong here: ${remedy}`);
    }
    this.configVersion = versionInName(path);
    this.nextQuorum = this.readNextConfig();
  }

  /** A configuration that was being proposed when the server went down. As in Apache, one that is broken is none. */
  private readNextConfig(): QuorumVerifier | undefined {
    const path = nextConfigPath(this.path);
    let content: Buffer;
    try {
      content = this.disk.readFile(path);
    } catch (error) {
      // Nothing is being proposed as a rule.
      if (!String(error).includes('ENOENT')) this.warnings.push(`cannot read ${path}: ${String(error)}`);
      return undefined;
    }
    try {
      return parseQuorumConfig(content.toString('latin1'), path);
    } catch (error) {
      if (!(error instanceof QuorumConfigError)) throw error;
      this.warnings.push(`${error.message}: it is passed over, for it had not been agreed on`);
      return undefined;
    }
  }

  /** `server.N`, `group.N` and `weight.N`. */
  private isEnsembleLine(key: string, value: string, where: string): boolean {
    const isOne = this.parse((text) => this.quorumLines.add(key, text), value, where);
    if (isOne && key.startsWith('server.')) this.firstPeer ??= where;
    return isOne;
  }

  /** Keys that set no field: those of ensembles, guards that are missing, those without effect, typing errors. */
  private readOther(key: string, value: string, where: string): void {
    const guard = UNSUPPORTED_GUARDS.get(key);
    const ensembleKey = ENSEMBLE_KEYS.get(key);
    if (guard !== undefined) {
      if (value.toLowerCase() === guard.harmless) return;
      throw new ZooKeeperConfigError(
        `${where}=${value} asks for ${guard.what}, which is not supported yet: remove it`,
      );
    }
    if (ensembleKey !== undefined) {
      this.ensembleValues.set(key, this.parse(ensembleKey, value, where));
    } else if (WITHOUT_EFFECT.has(key) || WITHOUT_EFFECT_PREFIXES.some((prefix) => key.startsWith(prefix))) {
      this.withoutEffect.push(key);
    } else {
      this.warnings.push(`${where} is unknown and ignored: check its spelling${suggestion(key)}`);
    }
  }

  private set(setting: Setting, value: string, where: string): void {
    this.values.set(setting.field, this.parse(setting.parse, value, where));
  }

  private parse<T>(parser: (value: string) => T, value: string, where: string): T {
    try {
      return parser(value);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      throw new ZooKeeperConfigError(`${where}=${value} ${error.message}`);
    }
  }

  /** As in Apache, a single participant is a standalone server unless standaloneEnabled=false. */
  private ensembleOf(dataDir: string): EnsembleConfig | undefined {
    const quorum = this.buildQuorum();
    const standaloneEnabled = this.ensembleValue('standaloneEnabled', true);
    if (quorum.members.size === 0 && standaloneEnabled) return undefined;
    if (quorum.participants.size === 0) {
      throw new ZooKeeperConfigError(
        `${this.firstPeer ?? `${this.path}: standaloneEnabled=false`} needs servers that vote: add server.N lines ` +
          'for participants',
      );
    }
    if (quorum.participants.size === 1 && standaloneEnabled) {
      if (quorum.observers.size > 0) {
        throw new ZooKeeperConfigError(
          `${this.firstPeer}: a single participant with observers needs standaloneEnabled=false: add that line`,
        );
      }
      this.warnings.push(`${this.firstPeer} is the only server: it is ignored, this is a standalone server`);
      return undefined;
    }
    this.warnOfSize(quorum);
    const serverId = this.readMyId(dataDir);
    this.checkMember(quorum, serverId, dataDir);
    return {
      serverId,
      quorum,
      nextQuorum: this.nextQuorum,
      configFile: { path: this.path, hasServers: !this.ensembleValues.has('dynamicConfigFile') },
      standaloneEnabled,
      multiAddressEnabled: this.ensembleValue('multiAddress.enabled', false),
      electionConnectTimeoutMs: this.ensembleValue('cnxTimeout', undefined),
      electionBindAttempts: this.ensembleValue('electionPortBindRetry', undefined),
      minNotificationMs: this.ensembleValue('fastleader.minNotificationInterval', undefined),
      maxNotificationMs: this.ensembleValue('fastleader.maxNotificationInterval', undefined),
      initLimit: this.requiredTicks('initLimit'),
      syncLimit: this.requiredTicks('syncLimit'),
      connectToLearnerMasterLimit: this.ensembleValue('connectToLearnerMasterLimit', 0),
      quorumListenOnAllIPs: this.ensembleValue('quorumListenOnAllIPs', false),
      localSessions: this.localSessions(),
      readOnlyMode: this.ensembleValue('readonlymode.enabled', false),
      leaderServes: this.ensembleValue('leaderServes', true),
    };
  }

  private checkMember(quorum: QuorumVerifier, serverId: number, dataDir: string): void {
    if (!quorum.members.has(serverId)) {
      const known = [...quorum.members.keys()].join(', ');
      throw new ZooKeeperConfigError(
        `${dataDir}/myid says ${serverId}, but there are lines for the servers ${known} alone: ` +
          `correct it, or add a line server.${serverId}`,
      );
    }
    if (!this.ensembleValue('multiAddress.enabled', false)) {
      const several = [...quorum.members.values()].find(({ addresses }) => addresses.length > 1);
      if (several !== undefined) {
        throw new ZooKeeperConfigError(
          `server.${several.id} has several addresses: add multiAddress.enabled=true, or leave one of them`,
        );
      }
    }
    const role = roleOf(quorum, serverId);
    const peerType = this.ensembleValue('peerType', role);
    if (peerType !== role) {
      this.warnings.push(
        `${this.path}: peerType is ${peerType}, but the line server.${serverId} says ${role}, which counts`,
      );
    }
  }

  private buildQuorum(): QuorumVerifier {
    try {
      return this.quorumLines.build(this.configVersion);
    } catch (error) {
      if (!(error instanceof QuorumConfigError)) throw error;
      throw new ZooKeeperConfigError(`${this.path}: ${error.message}`, { cause: error });
    }
  }

  private warnOfSize({ participants }: QuorumVerifier): void {
    if (participants.size <= 2) {
      this.warnings.push(
        `${this.path}: ${participants.size} servers that vote tolerate no failure: use 3 or more`,
      );
    } else if (participants.size % 2 === 0) {
      this.warnings.push(
        `${this.path}: ${participants.size} servers tolerate no more failures than ${participants.size - 1}: use an odd number`,
      );
    }
  }

  private ensembleValue<T>(key: string, fallback: T): T {
    return (this.ensembleValues.get(key) as T | undefined) ?? fallback;
  }

  private localSessions(): EnsembleConfig['localSessions'] {
    if (!this.ensembleValue('localSessionsEnabled', false)) return undefined;
    return this.ensembleValue('localSessionsUpgradingEnabled', false) ? 'upgrading' : 'enabled';
  }

  private requiredTicks(key: 'initLimit' | 'syncLimit'): number {
    const ticks = this.ensembleValue(key, 0);
    if (ticks > 0) return ticks;
    throw new ZooKeeperConfigError(
      `${this.path}: ${key} is missing, which an ensemble needs: add ${key}=${key === 'initLimit' ? 10 : 5}`,
    );
  }

  private readMyId(dataDir: string): number {
    const path = `${dataDir}/myid`;
    let content: string;
    try {
      content = this.disk.readFile(path).toString('utf8');
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ZooKeeperConfigError(
        `cannot read ${path}: ${reason}. Write the number of this server into it, the N of its server.N line`,
        { cause },
      );
    }
    const id = content.split('\n', 1)[0]?.trim() ?? '';
    if (isServerId(id)) return Number(id);
    throw new ZooKeeperConfigError(
      `${path} holds "${id.slice(0, 40)}" instead of a server id: write the N of this server's server.N line into it`,
    );
  }

  /** What the server.N line says of the client port counts, and has to agree with what the file says. */
  private clientAddressOf(ensemble: EnsembleConfig | undefined): Partial<ZooKeeperServerOptions> {
    const client = ensemble?.quorum.members.get(ensemble.serverId)?.client;
    if (ensemble === undefined || client === undefined) return {};
    const clientPort = this.values.get('clientPort');
    const clientPortAddress = this.values.get('clientPortAddress') ?? client.host;
    const isEverywhere = clientPortAddress === '0.0.0.0' || clientPortAddress === '::';
    if (
      clientPort !== undefined &&
      (clientPort !== client.port || (!isEverywhere && clientPortAddress !== client.host))
    ) {
      throw new ZooKeeperConfigError(
        `${this.path}: clientPort=${clientPort} differs from ${client.host}:${client.port} in server.${ensemble.serverId}: ` +
          'remove the line clientPort',
      );
    }
    const isAnyHost = client.host === '0.0.0.0' || client.host === '::';
    return { clientPort: client.port, clientPortAddress: isAnyHost ? undefined : client.host };
  }
}

/** The key that differs in upper and lower case only. */
function suggestion(key: string): string {
  const known = [...BY_NAME.keys(), ...ENSEMBLE_KEYS.keys()];
  const alike = known.find((name) => name.toLowerCase() === key.toLowerCase());
  return alike === undefined ? '' : `, perhaps ${alike}`;
}
