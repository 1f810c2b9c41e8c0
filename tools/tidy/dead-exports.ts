import type { Finding } from './finding.ts';
import { lineAt, resolveImport, type SourceFile } from './source-file.ts';

const EXPORTS =
  /^export\s+(?:declare\s+|abstract\s+|async\s+)*(?:const|let|function\*?|class|type|interface)\s+([\w$]+)/gm;

/** Names that other files take from a file; `*` when one takes all of them. */
function namesTaken(files: readonly SourceFile[]): Map<string, Set<string>> {
  const taken = new Map<string, Set<string>>();
  for (const file of files) {
    for (const { specifier, clause } of file.imports) {
      const target = resolveImport(file, specifier);
      if (target === undefined) continue;
      const names = taken.get(target) ?? new Set();
      taken.set(target, names);
      // A clause without braces imports the whole module, dynamically or as a namespace.
      if (!clause.includes('{')) names.add('*');
      for (const [, name] of clause.matchAll(/[{,]\s*(?:type\s+)?([\w$]+)/g)) if (name) names.add(name);
    }
  }
  return taken;
}

/** Exports that no file, tests included, takes and that their own file does not use either. */
export function checkDeadExports(files: readonly SourceFile[]): Finding[] {
  const taken = namesTaken(files);
  return files.flatMap((file) => {
    const names = taken.get(file.path);
    if (names?.has('*')) return [];
    return [...file.code.matchAll(EXPORTS)].flatMap((match): Finding[] => {
      const name = match[1] ?? '';
      const uses =
        file.code.split(new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`)).length - 1;
      if (names?.has(name) || uses > 1) return [];
      const problem = `nothing uses ${name}`;
      return [{ path: file.path, line: lineAt(file.code, match.index), problem, remedy: 'Remove it' }];
    });
  });
}
