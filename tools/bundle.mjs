import { readdirSync, readFileSync } from 'node:fs';
import { build } from 'rolldown';

// What users run and import is bundled: loading one file instead of hundreds is most of the start-up time. Every
// launcher in bin names the bundle of its command.
const commands = readdirSync('bin')
  .filter((name) => name !== 'package.json')
  .map((name) => /dist\/bundle\/([\w-]+)\.js/.exec(readFileSync(`bin/${name}`, 'utf8'))[1]);
const libraries = ['embedded', 'zookeeper', 'kafka', 'clients'];

// By its API: the command prints a line for each file.
await build({
  input: Object.fromEntries([
    ...commands.map((name) => [name, `dist/src/cli/${name}.js`]),
    ...libraries.map((name) => [name, `dist/src/${name}/index.js`]),
    ['zookeeper-client', 'dist/src/clients/zookeeper/index.js'],
    ['kafkajs', 'dist/src/clients/kafkajs/index.js'],
  ]),
  platform: 'node',
  // Native packages find their binaries beside themselves.
  external: [/^node:/, '@node-rs/crc32', 'snappy', 'lz4-napi', '@bokuweb/zstd-wasm'],
  output: { dir: 'dist/bundle', format: 'esm', sourcemap: true, cleanDir: true },
});
