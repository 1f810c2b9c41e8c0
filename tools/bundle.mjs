import { build } from 'rolldown';

// What users run and import is bundled: loading one file instead of hundreds is most of the start-up time.
const commands = [
  'streamkeeper',
  'zk-server',
  'zk-cli',
  'zk-cleanup',
  'zk-snapshot-toolkit',
  'zk-txn-log-toolkit',
  'kafka-server-start',
  'kafka-server-stop',
  'zookeeper-server-start',
  'zookeeper-server-stop',
];
const libraries = ['embedded', 'zookeeper', 'kafka', 'clients'];

// By its API: the command prints a line for each file.
await build({
  input: Object.fromEntries([
    ...commands.map((name) => [name, `dist/src/cli/${name}.js`]),
    ...libraries.map((name) => [name, `dist/src/${name}/index.js`]),
    ['zookeeper-client', 'dist/src/clients/zookeeper/index.js'],
  ]),
  platform: 'node',
  // Native packages find their binaries beside themselves.
  external: [/^node:/, '@node-rs/crc32', 'snappy', 'lz4-napi', '@bokuweb/zstd-wasm'],
  output: { dir: 'dist/bundle', format: 'esm', sourcemap: true, cleanDir: true },
});
