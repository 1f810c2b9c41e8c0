import { join } from 'node:path';
import type { Disk } from '../env/disk.ts';

/** Environment variables, those of the shell files in the configuration directory included. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Shell files that Apache's zkEnv.sh reads from the configuration directory. */
const SHELL_FILES = ['zookeeper-env.sh', 'java.env'];

/**
 * The environment as Apache's scripts have it: the process's own, then the assignments in `zookeeper-env.sh` and
 * `java.env`. Of shell only assignments are understood; `warn` hears of every other line.
 */
export function readEnvironment(
  disk: Disk,
  configDir: string,
  own: Environment,
  warn: (text: string) => void,
): Environment {
  const environment: Record<string, string | undefined> = { ...own };
  for (const path of SHELL_FILES.map((name) => join(configDir, name))) {
    if (disk.stat(path)?.kind !== 'file') continue;
    for (const [index, line] of disk.readFile(path).toString().split(/\r?\n/).entries()) {
      if (/^\s*(#.*)?$/.test(line)) continue;
      const assignment = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*?)\s*;?\s*$/.exec(line);
      const value = assignment === null ? undefined : shellWord(assignment[2] ?? '', environment);
      if (assignment?.[1] === undefined || value === undefined) {
        if (/^\s*export\s+[\w\s]+$/.test(line)) continue;
        warn(`${path}, line ${index + 1} is no plain NAME=value and is ignored: ${line.trim()}`);
      } else {
        environment[assignment[1]] = value;
      }
    }
  }
  return environment;
}

/** One shell word with its quotes and variables resolved; undefined for anything that only a shell understands. */
function shellWord(text: string, environment: Environment): string | undefined {
  let value = '';
  let rest = text;
  while (rest !== '') {
    const part = /^(?:'([^']*)'|"((?:[^"\\]|\\.)*)"|((?:[^'"\s\\`|&;<>()]|\\.)+)|(\s+#.*)$)/.exec(rest);
    if (part === null) return undefined;
    const [all, single, double, bare, comment] = part;
    rest = rest.slice(all.length);
    if (comment !== undefined) break;
    const expanded = single ?? expand(double ?? bare ?? '', environment);
    if (expanded === undefined) return undefined;
    value += expanded;
  }
  return value;
}

/** `$NAME`, `${NAME}` and `${NAME:-default}`, and escaped characters. */
function expand(text: string, environment: Environment): string | undefined {
  let isForeign = false;
  const value = text.replace(
    /\\(.)|\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?\}|(.))|`/g,
    (all, escaped?: string, plain?: string, braced?: string, otherwise?: string) => {
      if (escaped !== undefined) return escaped;
      const name = plain ?? braced;
      if (name === undefined) {
        isForeign = true;
        return all;
      }
      return environment[name] ?? otherwise ?? '';
    },
  );
  return isForeign ? undefined : value;
}

/** `-Dname=value` flags as Java system properties, the last of a name counting; quotes around a value go. */
export function systemProperties(flags: readonly string[]): Map<string, string> {
  const properties = new Map<string, string>();
  for (const flag of flags) {
    const match = /^-D([^=\s]+)(?:=(.*))?$/s.exec(flag);
    if (match?.[1] !== undefined) properties.set(match[1], match[2] ?? '');
  }
  return properties;
}

/** A variable such as SERVER_JVMFLAGS, cut at its blanks as the shell does. */
export function splitFlags(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((flag) => flag !== '');
}
