import { posix } from 'node:path';
import { blankOut } from './blank.ts';

export interface ImportedModule {
  /** As written. */
  specifier: string;
  /** The imported names as written, empty for imports without any. */
  clause: string;
  line: number;
}

/** A TypeScript file of the repository, read for checking. */
export interface SourceFile {
  /** From the repository's root, with slashes. */
  path: string;
  text: string;
  /** The text with comments, strings and the like blanked out. */
  code: string;
  imports: ImportedModule[];
}

const IMPORTS = [
  /\b(?:import|export)\b([^'"`;]*?)\bfrom\s*(['"])/g,
  /\bimport(\s*)(['"])/g,
  /\bimport\s*\((\s*)(['"`])/g,
];

export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function importsOf(text: string, code: string): ImportedModule[] {
  return IMPORTS.flatMap((pattern) =>
    [...code.matchAll(pattern)].map((match) => {
      const begin = match.index + match[0].length;
      const end = code.indexOf(match[2] ?? '', begin);
      return { specifier: text.slice(begin, end), clause: match[1] ?? '', line: lineAt(text, begin) };
    }),
  );
}

export function parseSourceFile(path: string, text: string): SourceFile {
  const code = blankOut(text);
  return { path, text, code, imports: importsOf(text, code) };
}

/** The repository path that a relative specifier means; undefined for packages and Node's own modules. */
export function resolveImport(file: SourceFile, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(posix.dirname(file.path), specifier);
}
