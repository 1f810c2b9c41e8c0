import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Workspace } from '../../../tools/workspace.ts';
import { type Block, find, PageError } from './page.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const COMPILER = join(ROOT, 'node_modules/typescript/bin/tsc');

interface Manifest {
  readonly bin: Record<string, string>;
  readonly dependencies: Record<string, string>;
}

/** What `npm install streamkeeper` makes. */
export function installPackage(workspace: Workspace): void {
  const modules = workspace.dir('node_modules');
  const home = workspace.dir('node_modules/streamkeeper');
  const types = spawnSync(process.execPath, [join(ROOT, 'tools/types.mjs'), join(home, 'dist/types')], {
    encoding: 'utf8',
  });
  if (types.status !== 0) throw new Error(`no declarations: ${types.stdout}${types.stderr}`);
  for (const name of ['package.json', 'bin', 'config', 'dist/bundle']) {
    cpSync(join(ROOT, name), join(home, name), { recursive: true });
  }
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
  const others = ['@types', 'undici-types', 'kafkajs', ...Object.keys(manifest.dependencies)];
  for (const name of others) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name), 'junction');
  }
  mkdirSync(join(modules, '.bin'));
  for (const [name, path] of Object.entries(manifest.bin)) {
    symlinkSync(join('../streamkeeper', path), join(modules, '.bin', name));
  }
  workspace.file('package.json', JSON.stringify({ type: 'module', private: true }));
}

/** Where the program of a `ts` block lies, once it is compiled. */
export function programOf(workspace: Workspace, block: Block): string {
  return join(workspace.path, `${programName(block)}.js`);
}

function programName({ page, line }: Block): string {
  return `${page.replaceAll(/\W/g, '-')}-${line}`;
}

/** Compiles `ts` blocks as a strict project of the package's users would; what is wrong with them, by page. */
export function compileSnippets(workspace: Workspace, blocks: readonly Block[]): Map<string, string> {
  const pages = new Map<string, string>();
  const files: string[] = [];
  const programs = blocks.filter(isCompiled);
  for (const block of programs) {
    const name = `${programName(block)}.ts`;
    pages.set(name, block.page);
    files.push(name);
    workspace.file(name, programText(block, programs));
  }
  if (files.length === 0) return new Map();
  const compilerOptions = {
    target: 'ES2023',
    lib: ['ES2023', 'ESNext.Disposable'],
    module: 'NodeNext',
    moduleDetection: 'force',
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
  };
  workspace.file('tsconfig.json', JSON.stringify({ compilerOptions, files }));
  const { stdout } = spawnSync(process.execPath, [COMPILER, '-p', workspace.path, '--pretty', 'false'], {
    encoding: 'utf8',
    cwd: workspace.path,
  });
  const complaints = new Map<string, string>();
  let page = '';
  for (const line of stdout.split('\n').filter((each) => each !== '')) {
    // Lines without a place go on from the line above.
    const [, name = '', number = '', text = line] = /^(\S+\.ts)\((\d+),\d+\): (.*)$/.exec(line) ?? [];
    page = pages.get(name) ?? page;
    complaints.set(
      page,
      `${complaints.get(page) ?? ''}${number === '' ? '' : `${page}:${number}: `}${text}\n`,
    );
  }
  return complaints;
}

function isCompiled(block: Block): boolean {
  if (block.language !== 'ts' || find(block, 'not run') !== undefined) return false;
  // What needs packages that are not here is left to those who have them.
  return find(block, 'needs')?.server.startsWith('npm ') !== true;
}

/** The program of a block, each line of which has the number that it has in the page. */
function programText(block: Block, blocks: readonly Block[]): string {
  const lines: string[] = [];
  const put = (text: string, line: number) => {
    while (lines.length < line - 1) lines.push('');
    lines.push(...text.trimEnd().split('\n'));
  };
  const parts = [block];
  for (let first = block; find(first, 'continues') !== undefined; ) {
    const before = blocks[blocks.indexOf(first) - 1];
    if (before === undefined || before.page !== first.page) throw new PageError(first, 'continues nothing');
    parts.unshift(before);
    first = before;
  }
  for (const part of parts) {
    const before = find(part, 'before');
    if (before !== undefined) put(before.code, before.line);
    put(part.text, part.line);
  }
  return `${lines.join('\n')}\n`;
}

/** Puts the text of a block that names its file in its first line (`# conf/zoo.cfg`) there. */
export function writeShownFile(directory: string, block: Block): void {
  const name = /^(?:#|\/\/) (\S+)\n/.exec(block.text)?.[1];
  if (name === undefined) return;
  const path = join(directory, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, block.text);
}
