import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as library from '@bokuweb/zstd-wasm';

/** The part of the library that starts its program; its own `init` does that with promises. */
interface WasmLoader {
  instantiateWasm?: (imports: object, receive: (instance: object) => object) => object;
  init(): void;
}

/** What is used of the runtime's global, which the types of Node 20 do not have. */
interface WebAssemblyGlobal {
  readonly Module: new (bytes: Buffer) => object;
  readonly Instance: new (module: object, imports: object) => object;
}

let isSetUp = false;

/**
 * The library, its program started when it is needed first. At once and not by a top-level `await`: a module with one
 * cannot be required, nor can any that imports it.
 */
export function zstdProgram(): typeof library {
  if (isSetUp) return library;
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyGlobal };
  const load = createRequire(import.meta.url);
  const folder = dirname(load.resolve('@bokuweb/zstd-wasm'));
  const { Module: loader } = load(join(folder, 'module.js')) as { Module: WasmLoader };
  const program = new WebAssembly.Module(readFileSync(join(folder, 'zstd.wasm')));
  loader.instantiateWasm = (imports, receive) => receive(new WebAssembly.Instance(program, imports));
  loader.init();
  isSetUp = true;
  return library;
}
