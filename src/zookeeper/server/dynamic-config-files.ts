import type { Disk } from '../../env/disk.ts';
import { parsePropertiesFile } from '../../storage/properties.ts';
import { replaceFile } from '../../storage/replace-file.ts';
import type { QuorumVerifier } from '../election/quorum-verifier.ts';

/** What a key of zoo.cfg begins with that lives in the dynamic file once there is one. */
const MOVED_KEYS = ['server.', 'group', 'weight', 'dynamicConfigFile', 'peerType'];

/** The version in the name of a dynamic file, in hexadecimal behind its last dot; 0 without one. */
export function versionInName(path: string): number {
  const ending = path.slice(path.lastIndexOf('.') + 1);
  const version = /^[0-9a-f]+$/i.test(ending) ? Number.parseInt(ending, 16) : 0;
  return path.includes('.') && Number.isSafeInteger(version) ? version : 0;
}

/** Where a proposed configuration stands until it is decided: beside the zoo.cfg. */
export function nextConfigPath(staticPath: string): string {
  return `${staticPath}.dynamic.next`;
}

/**
 * The files of an ensemble's configuration (QuorumPeerConfig of 3.9): `zoo.cfg.dynamic.<version>` holds the servers,
 * zoo.cfg the rest and the name of that file, `zoo.cfg.dynamic.next` a configuration that is being proposed, and
 * `zoo.cfg.bak` what the operator had written when all was in one file.
 */
export class DynamicConfigFiles {
  private readonly disk: Disk;
  /** The zoo.cfg. */
  private readonly path: string;

  constructor(disk: Disk, path: string) {
    this.disk = disk;
    this.path = path;
  }

  /** Keeps the operator's file, comments included, before the servers are moved out of it. */
  backUp(): void {
    replaceFile(this.disk, `${this.path}.bak`, this.disk.readFile(this.path));
  }

  writeNext(config: QuorumVerifier): void {
    this.write(nextConfigPath(this.path), sortedLines(config));
  }

  removeNext(): void {
    this.disk.remove(nextConfigPath(this.path));
  }

  /** Writes a committed configuration, then points the zoo.cfg to it. The version is in the name alone. */
  writeCommitted(config: QuorumVerifier, options: { readonly withoutClientPort: boolean }): void {
    const dynamicPath = `${this.path}.dynamic.${config.version.toString(16)}`;
    this.write(
      dynamicPath,
      sortedLines(config).filter((line) => !line.startsWith('version=')),
    );
    const moved = options.withoutClientPort ? [...MOVED_KEYS, 'clientPort'] : MOVED_KEYS;
    const kept = parsePropertiesFile(this.disk.readFile(this.path), this.path)
      .filter(({ key }) => !moved.some((beginning) => key.startsWith(beginning)))
      .map(({ key, value }) => `${key}=${value.trim().replaceAll('\\', '\\\\')}`);
    this.write(this.path, [...kept, `dynamicConfigFile=${dynamicPath}`, '']);
  }

  private write(path: string, lines: readonly string[]): void {
    replaceFile(this.disk, path, Buffer.from(lines.join('\n'), 'latin1'));
  }
}

function sortedLines(config: QuorumVerifier): string[] {
  return config.toText().split('\n').sort();
}
