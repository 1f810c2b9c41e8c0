// Commands are bundled: loading one file instead of hundreds is most of their start-up time.
const commands = ['streamkeeper', 'zk-server', 'kafka-server-start', 'kafka-server-stop'];

export default {
  input: Object.fromEntries(commands.map((name) => [name, `dist/src/cli/${name}.js`])),
  platform: 'node',
  // Native packages find their binaries beside themselves.
  external: [/^node:/, '@node-rs/crc32', 'snappy', 'lz4-napi', '@bokuweb/zstd-wasm'],
  output: { dir: 'dist/bundle', format: 'esm', sourcemap: true, cleanDir: true },
};
