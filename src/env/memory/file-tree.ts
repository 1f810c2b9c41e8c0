import { posix } from 'node:path';
import type { DiskStat } from '../disk.ts';
import { FileSystemError } from './file-system-error.ts';

/** What a tree needs to know of its files. */
export interface TreeFile {
  readonly size: number;
  modifiedMs: number;
}

interface Directory<F> {
  readonly entries: Map<string, Directory<F> | F>;
}

function isDirectory<F extends TreeFile>(node: Directory<F> | F | undefined): node is Directory<F> {
  return node !== undefined && 'entries' in node;
}

function copyEntries<F extends TreeFile>(from: Directory<F>, to: Directory<F>): void {
  for (const [name, entry] of from.entries) {
    if (isDirectory(entry)) {
      const directory: Directory<F> = { entries: new Map() };
      copyEntries(entry, directory);
      to.entries.set(name, directory);
    } else {
      to.entries.set(name, entry);
    }
  }
}

function split(path: string): string[] {
  return posix
    .normalize(`/${path}`)
    .split('/')
    .filter((name) => name !== '');
}

/** The directory that holds `path`, in a form that is equal for equal directories. */
export function parentOf(path: string): string {
  return `/${split(path).slice(0, -1).join('/')}`;
}

/** One form for all spellings of a path; relative ones start at the root. */
export function canonical(path: string): string {
  return `/${split(path).join('/')}`;
}

/** Names and directories of a file system in memory. */
export class FileTree<F extends TreeFile> {
  private readonly root: Directory<F> = { entries: new Map() };

  /** The file at `path`; undefined when nothing is there. */
  file(path: string): F | undefined {
    const node = this.node(path);
    if (isDirectory(node)) throw new FileSystemError('EISDIR', `${path} is a directory`);
    return node;
  }

  stat(path: string): DiskStat | undefined {
    const node = this.node(path);
    if (node === undefined) return undefined;
    if (isDirectory(node)) return { kind: 'directory', size: 0, modifiedMs: 0 };
    return { kind: 'file', size: node.size, modifiedMs: node.modifiedMs };
  }

  list(path: string): string[] {
    const node = this.node(path);
    if (node === undefined) throw new FileSystemError('ENOENT', `no directory ${path}`);
    if (!isDirectory(node)) throw new FileSystemError('ENOTDIR', `${path} is no directory`);
    return [...node.entries.keys()].sort();
  }

  /** Every file below `path`, with its path. */
  *files(path = '/'): Generator<[string, F]> {
    const node = this.node(path);
    if (!isDirectory(node)) return;
    for (const [name, entry] of node.entries) {
      const entryPath = posix.join(path, name);
      if (isDirectory(entry)) yield* this.files(entryPath);
      else yield [entryPath, entry];
    }
  }

  /** A tree of its own with the same files in it. */
  clone(): FileTree<F> {
    const copy = new FileTree<F>();
    copyEntries(this.root, copy.root);
    return copy;
  }

  put(path: string, file: F): void {
    const [directory, name] = this.place(path);
    if (isDirectory(directory.entries.get(name)))
      throw new FileSystemError('EISDIR', `${path} is a directory`);
    directory.entries.set(name, file);
  }

  makeDirectory(path: string): void {
    let directory = this.root;
    for (const name of split(path)) {
      let next = directory.entries.get(name);
      if (next === undefined) {
        next = { entries: new Map() };
        directory.entries.set(name, next);
      }
      if (!isDirectory(next)) throw new FileSystemError('EEXIST', `${path}: ${name} is a file`);
      directory = next;
    }
  }

  rename(from: string, to: string): void {
    const [source, sourceName] = this.place(from);
    const moved = source.entries.get(sourceName);
    if (moved === undefined) throw new FileSystemError('ENOENT', `no file ${from}`);
    if (isDirectory(moved) && `${canonical(to)}/`.startsWith(`${canonical(from)}/`)) {
      if (canonical(to) === canonical(from)) return;
      throw new FileSystemError('EINVAL', `${to} lies in ${from}`);
    }
    const [target, targetName] = this.place(to);
    const replaced = target.entries.get(targetName);
    if (isDirectory(moved) && replaced !== undefined) {
      if (!isDirectory(replaced)) throw new FileSystemError('ENOTDIR', `${to} is a file`);
      if (replaced.entries.size > 0) throw new FileSystemError('ENOTEMPTY', `${to} is not empty`);
    } else if (isDirectory(replaced)) {
      throw new FileSystemError('EISDIR', `${to} is a directory`);
    }
    source.entries.delete(sourceName);
    target.entries.set(targetName, moved);
  }

  /** Removes a file; silent when it is gone already. */
  remove(path: string): void {
    if (this.file(path) === undefined) return;
    const [directory, name] = this.place(path);
    directory.entries.delete(name);
  }

  /** Removes a directory with all in it; silent when it is gone already. */
  removeDirectory(path: string): void {
    if (this.node(path) === undefined) return;
    const [directory, name] = this.place(path);
    directory.entries.delete(name);
  }

  private node(path: string): Directory<F> | F | undefined {
    let node: Directory<F> | F | undefined = this.root;
    for (const name of split(path)) {
      if (!isDirectory(node)) return undefined;
      node = node.entries.get(name);
    }
    return node;
  }

  /** The directory that holds (or is to hold) `path`, and the last name. */
  private place(path: string): [Directory<F>, string] {
    const name = split(path).at(-1);
    if (name === undefined) throw new FileSystemError('EINVAL', 'the root cannot be changed');
    const directory = this.node(parentOf(path));
    if (directory === undefined) throw new FileSystemError('ENOENT', `no directory ${parentOf(path)}`);
    if (!isDirectory(directory)) throw new FileSystemError('ENOTDIR', `${parentOf(path)} is no directory`);
    return [directory, name];
  }
}
