import { BadValue } from '../../base/bad-value.ts';
import type { Disk } from '../../env/disk.ts';
import { PropertiesError, type Property, parsePropertiesFile } from '../../storage/properties.ts';
import { type PeerSpec, parsePeer, serverIdOf } from '../election/peer-spec.ts';
import { ZooKeeperConfigError, type ZooKeeperServerOptions } from './config.ts';
import {
  ENSEMBLE_KEYS,
  SETTINGS,
  type Setting,
  UNSUPPORTED_GUARDS,
  WITHOUT_EFFECT,
  WITHOUT_EFFECT_PREFIXES,
} from './config-keys.ts';
import { integer, text } from './config-values.ts';

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
 * ZooKeeperConfigError that names the file, the line and the remedy; also for an ensemble, which cannot be started
 * yet.
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

class ConfigReader {
  private readonly disk: Pick<Disk, 'readFile'>;
  private readonly path: string;
  private readonly properties: SystemProperties;
  private readonly values = new Map<Setting['field'], unknown>();
  private readonly peers = new Map<number, PeerSpec>();
  private readonly warnings: string[] = [];
  private readonly withoutEffect: string[] = [];
  private standaloneEnabled = true;
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
    this.checkEnsemble();
    const dataDir = this.values.get('dataDir');
    if (typeof dataDir !== 'string') {
      throw new ZooKeeperConfigError(
        `${this.path}: dataDir is missing: add a line such as dataDir=/var/lib/zookeeper`,
      );
    }
    if (this.withoutEffect.length > 0) {
      this.warnings.push(`${this.path}: known, but without effect here: ${this.withoutEffect.join(', ')}`);
    }
    // The parser of each setting gives the type of its field, which `config-keys.ts` checks.
    const options = { ...Object.fromEntries(this.values), dataDir } as ZooKeeperServerOptions;
    return { options, peers: [...this.peers.values()], warnings: this.warnings };
  }

  private readLines(path: string): Property[] {
    const content = this.readFile(path);
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
      if (key === 'version') this.parse(hexadecimal, value, where);
      else
        throw new ZooKeeperConfigError(
          `${where} does not belong here: give server.N, group.N, weight.N and version`,
        );
    }
  }

  /** `server.N`, `group.N` and `weight.N`. */
  private isEnsembleLine(key: string, value: string, where: string): boolean {
    const id = this.parse(() => serverIdOf(key), value, where);
    if (id !== undefined) {
      this.firstPeer ??= where;
      this.peers.set(
        id,
        this.parse((line) => parsePeer(id, line), value, where),
      );
      return true;
    }
    if (key.startsWith('group.')) {
      for (const member of value.split(':')) this.parse(integer(0, 255), member.trim(), where);
      return true;
    }
    if (!key.startsWith('weight.')) return false;
    this.parse(integer(0), value, where);
    return true;
  }

  /** Keys that set nothing: those of ensembles, guards that are missing, those without effect, typing errors. */
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
      const parsed = this.parse(ensembleKey, value, where);
      if (key === 'standaloneEnabled') this.standaloneEnabled = parsed === true;
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
  private checkEnsemble(): void {
    const participants = [...this.peers.values()].filter((peer) => peer.role === 'participant').length;
    if (participants === 1 && this.standaloneEnabled && this.peers.size === 1) {
      this.warnings.push(`${this.firstPeer} is the only server: it is ignored, this is a standalone server`);
    } else if (this.peers.size > 0 || !this.standaloneEnabled) {
      const where = this.firstPeer ?? `${this.path}: standaloneEnabled=false`;
      throw new ZooKeeperConfigError(
        `${where} asks for an ensemble, which this release cannot start yet: remove the server.N lines and ` +
          'standaloneEnabled=false to run a standalone server',
      );
    }
  }
}

function hexadecimal(value: string): number {
  if (!/^[0-9a-f]{1,13}$/i.test(text(value))) throw new BadValue('is no version: give a hexadecimal number');
  return Number.parseInt(value, 16);
}

/** The key that differs in upper and lower case only. */
function suggestion(key: string): string {
  const known = [...BY_NAME.keys(), ...ENSEMBLE_KEYS.keys()];
  const alike = known.find((name) => name.toLowerCase() === key.toLowerCase());
  return alike === undefined ? '' : `, perhaps ${alike}`;
}
