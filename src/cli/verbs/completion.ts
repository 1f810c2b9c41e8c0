import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A verb with what may follow it. */
interface Place {
  /** Such as `topic create`; empty for the command itself. */
  readonly path: string;
  readonly command: Command;
}

/** What a shell has to run so that it completes verbs and options of `program`. */
export function completionScript(program: Command, shell: Shell): string {
  const name = program.name();
  const places = placesOf(program);
  if (shell === 'fish') return fishScript(name, places);
  const bash = bashScript(name, places);
  return shell === 'bash' ? bash : `#compdef ${name}\nautoload -U +X bashcompinit && bashcompinit\n${bash}`;
}

function placesOf(command: Command, path: readonly string[] = []): Place[] {
  const below = command.commands.flatMap((child) =>
    [child.name(), ...child.aliases()].flatMap((name) => placesOf(child, [...path, name])),
  );
  return [{ path: path.join(' '), command }, ...below];
}

function wordsOf({ command }: Place): string[] {
  const verbs = command.commands.flatMap((child) => [child.name(), ...child.aliases()]);
  const options = command.options.flatMap(({ short, long }) =>
    [long, short].filter((flag) => flag !== undefined),
  );
  return [...verbs, ...options.filter((flag) => flag !== null), '--help'];
}

function bashScript(name: string, places: readonly Place[]): string {
  const step = places
    .filter(({ path }) => path !== '')
    .map(({ path }) => `      ' ${path}') path=' ${path}' ;;`);
  const words = places.map(
    (place) => `    '${place.path === '' ? '' : ` ${place.path}`}') words='${wordsOf(place).join(' ')}' ;;`,
  );
  return `_${name}() {
  local cur path words i
  cur=\${COMP_WORDS[COMP_CWORD]}
  path=
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path \${COMP_WORDS[i]}" in
${step.join('\n')}
    esac
  done
  case "$path" in
${words.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _${name} ${name}
`;
}

function fishScript(name: string, places: readonly Place[]): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = places.flatMap(({ path, command }) => {
    const verbs = path.split(' ').filter((verb) => verb !== '');
    const seen = verbs.map((verb) => `__fish_seen_subcommand_from ${verb}`).join('; and ');
    const condition = quoted(verbs.length === 0 ? '__fish_use_subcommand' : seen);
    const children = command.commands.map(
      (child) =>
        `complete -c ${name} -f -n ${condition} -a ${child.name()} -d ${quoted(child.description())}`,
    );
    const options = command.options.map(({ short, long, description }) => {
      const flags = [
        ...(long == null ? [] : [`-l ${long.slice(2)}`]),
        ...(short == null ? [] : [`-s ${short.slice(1)}`]),
      ];
      return `complete -c ${name} -n ${condition} ${flags.join(' ')} -d ${quoted(description)}`;
    });
    return [...children, ...options];
  });
  return `${lines.join('\n')}\n`;
}
