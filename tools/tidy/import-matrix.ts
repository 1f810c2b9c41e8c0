import type { Finding } from './finding.ts';
import { resolveImport, type SourceFile } from './source-file.ts';

const ZOOKEEPER_WIRE = ['wire/jute', 'wire/zookeeper'];

/**
 * Folders of src and what they may import besides themselves, `base` and the interfaces of `env`. The longest
 * folder that holds a file counts; an entry covers all below it, `!` in front takes a part out again.
 */
export const MATRIX: Readonly<Record<string, readonly string[]>> = {
  base: [],
  env: [],
  'env/node': [],
  'env/memory': [],
  'env/sim': ['env/memory'],
  'wire/jute': [],
  'wire/zookeeper': ['wire/jute'],
  'wire/kafka': [],
  storage: [],
  'zookeeper/tree': ZOOKEEPER_WIRE,
  'zookeeper/watch': [...ZOOKEEPER_WIRE, 'zookeeper/tree'],
  'zookeeper/session': ZOOKEEPER_WIRE,
  'zookeeper/election': [...ZOOKEEPER_WIRE, 'storage/properties.ts'],
  'zookeeper/pipeline': [
    ...ZOOKEEPER_WIRE,
    'zookeeper/tree',
    'zookeeper/watch',
    'zookeeper/session',
    'zookeeper/election',
  ],
  'zookeeper/zab': [
    ...ZOOKEEPER_WIRE,
    'zookeeper/tree',
    'zookeeper/session',
    'zookeeper/pipeline',
    'zookeeper/election',
  ],
  'zookeeper/persistence': [...ZOOKEEPER_WIRE, 'storage', 'zookeeper/tree'],
  'zookeeper/server': [...ZOOKEEPER_WIRE, 'storage', 'zookeeper'],
  zookeeper: [],
  clients: ['wire'],
  'clients/zookeeper': ZOOKEEPER_WIRE,
  'clients/kafka': ['wire/kafka'],
  'clients/kafka/classic': ['wire/kafka', 'clients/kafka', 'clients/zookeeper'],
  'clients/kafkajs': ['wire/kafka', 'clients/kafka'],
  // Where users get clients that run in their process: composition roots.
  'clients/index.ts': ['clients'],
  'clients/kafka/index.ts': ['clients/kafka', 'wire/kafka', 'env/node'],
  'clients/kafkajs/kafkajs.ts': ['clients/kafkajs', 'wire/kafka', 'env/node'],
  'clients/zookeeper/index.ts': ['clients/zookeeper', 'wire/zookeeper', 'env/node'],
  'kafka/log': ['wire/kafka', 'storage'],
  'kafka/metadata': ['wire/kafka', 'storage'],
  'kafka/quota': ['kafka/log'],
  'kafka/replica': ['wire/kafka', 'storage', 'kafka/log', 'kafka/metadata', 'kafka/quota'],
  'kafka/zk': ['wire', 'clients/zookeeper'],
  'kafka/controller': ['wire/kafka', 'kafka/metadata'],
  'kafka/coordinator': ['wire/kafka', 'kafka/metadata'],
  'kafka/api': ['wire/kafka', 'kafka', '!kafka/server'],
  'kafka/server': ['wire/kafka', 'storage', 'kafka', 'clients'],
  kafka: [],
  embedded: ['zookeeper/server', 'kafka/server', 'clients', 'storage', 'env/node', 'env/memory'],
  cli: [
    'zookeeper/server',
    'kafka/server',
    'kafka/log',
    'kafka/controller/replica-assignment.ts',
    'clients',
    'wire/kafka',
    'storage',
    'env/node',
    'env/memory',
    'embedded',
  ],
};

/** Packages that src may use, and where. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  pino: ['env/node'],
  commander: ['cli'],
  '@node-rs/crc32': ['base', 'wire', 'kafka/log'],
  snappy: ['wire/kafka/records', 'zookeeper/persistence'],
  'lz4-napi': ['wire/kafka/records'],
  '@bokuweb/zstd-wasm': ['wire/kafka/records'],
};

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

function zoneOf(path: string): string | undefined {
  return Object.keys(MATRIX)
    .filter((folder) => isWithin(path, folder))
    .sort((a, b) => b.length - a.length)[0];
}

/** Whether a file directly in `env`: the interfaces, which everybody may use. */
const isInterface = (path: string): boolean => /^env\/[^/]+$/.test(path);

export function mayImport(from: string, to: string): boolean {
  const zone = zoneOf(from);
  if (zone === undefined) return false;
  if (isWithin(to, 'base') || isInterface(to)) return true;
  // The fronts of subsystems (`kafka/index.ts`) re-export what lies below them.
  if (isWithin(to, zone) && (zoneOf(to) === zone || from.slice(zone.length + 1) === 'index.ts')) return true;
  const allowed = MATRIX[zone] ?? [];
  if (allowed.some((entry) => entry.startsWith('!') && isWithin(to, entry.slice(1)))) return false;
  return allowed.some((entry) => isWithin(to, entry));
}

function checkPackage(file: SourceFile, specifier: string, line: number): Finding[] {
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  const folders = PACKAGES[name];
  const inner = file.path.slice('src/'.length);
  if (folders?.some((folder) => isWithin(inner, folder))) return [];
  const remedy =
    folders === undefined
      ? 'Do without it, or argue for it in an issue'
      : `Only ${folders.join(', ')} may use it`;
  return [{ path: file.path, line, problem: `package ${name} is not for this file`, remedy }];
}

/** Imports of files under src that the matrix does not allow, type imports included. */
export function checkImports(files: readonly SourceFile[]): Finding[] {
  return files
    .filter((file) => file.path.startsWith('src/'))
    .flatMap((file) =>
      file.imports.flatMap(({ specifier, line }): Finding[] => {
        if (specifier.startsWith('node:')) return [];
        const target = resolveImport(file, specifier);
        if (target === undefined) return checkPackage(file, specifier, line);
        const [from, to] = [file.path.slice('src/'.length), target.slice('src/'.length)];
        if (target.startsWith('src/') && mayImport(from, to)) return [];
        const remedy =
          'See the import matrix in tools/tidy/import-matrix.ts: declare a port where it is needed, and let a composition root fill it';
        return [{ path: file.path, line, problem: `may not import ${target}`, remedy }];
      }),
    );
}
