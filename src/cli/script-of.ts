/**
 * The script that a process of Node runs, and its arguments; undefined for other programs. A shell whose own command
 * line speaks of a server is none: `bash -c 'kafka-server-start.sh ...'`.
 */
export function scriptOf(
  command: string,
): { readonly name: string; readonly args: readonly string[] } | undefined {
  const [program = '', ...words] = command.split(/\s+/);
  if (!/^node/.test(baseName(program))) return undefined;
  const script = words.findIndex((word) => !word.startsWith('-'));
  if (script < 0) return undefined;
  return {
    name: baseName(words[script] ?? '').replace(/\.(sh|js)$/, ''),
    args: words.slice(script + 1).filter((word) => word !== ''),
  };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
