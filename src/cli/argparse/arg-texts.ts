import { breakableParts } from '../line-breaks.ts';
import {
  type ArgParserSpec,
  type ArgSpec,
  type ArgToolSpec,
  argsOf,
  hasValue,
  metavarOf,
} from './arg-spec.ts';

/** The width of argparse4j where it does not know the terminal's. */
const WIDTH = 75;
const HELP_COLUMN = 25;

/** Wraps a text and spreads the words of full lines over the whole width, as argparse4j's TextHelper. */
export function justify(text: string, column = 0): string {
  const indent = ' '.repeat(column);
  const lines: string[] = [];
  let line = '';
  for (const part of breakableParts(text)) {
    if (column + line.length + part.length > WIDTH) {
      lines.push(spread(line, WIDTH - column));
      line = '';
    }
    line += part;
    if (part.endsWith('\n')) {
      lines.push(line.slice(0, -1));
      line = '';
    }
  }
  return [...lines, line].join(`\n${indent}`);
}

/** The gaps in the middle of the line get what does not come out even. */
function spread(line: string, width: number): string {
  const words = line.replace(/^ +| +$/g, '').split(/ +/);
  const gaps = words.length - 1;
  const missing = width - line.replace(/^ +| +$/g, '').length;
  if (gaps === 0) return words.join(' ');
  const each = Math.floor(missing / gaps);
  const left = missing % gaps;
  const first = Math.floor((gaps - left + 1) / 2);
  const inner = line.replace(/^ +| +$/g, '');
  let gap = 0;
  return inner.replace(/ +/g, (blanks) => {
    const more = each + (first <= gap && gap < first + left ? 1 : 0);
    gap += 1;
    return blanks + ' '.repeat(more);
  });
}

function valueText(arg: ArgSpec): string {
  if (!hasValue(arg)) return '';
  const metavar =
    arg.metavar === undefined && arg.choices !== undefined ? `{${arg.choices.join(',')}}` : metavarOf(arg);
  return arg.takes === 'many' ? ` ${metavar} [${metavar} ...]` : ` ${metavar}`;
}

const bare = (arg: ArgSpec) => `${arg.flags[0]}${valueText(arg)}`;
const short = (arg: ArgSpec) => (arg.required === true ? bare(arg) : `[${bare(arg)}]`);

/** The parts of a usage that flags and groups make; of a parser above a verb only what is required. */
function usageParts(spec: ArgParserSpec, onlyRequired: boolean): string[] {
  const shown = argsOf(spec).filter(({ hidden }) => hidden !== true);
  const isAlone = (group: string | undefined) => group === undefined || spec.groups?.[group]?.isOpen === true;
  const alone = shown.filter(({ group, required }) => isAlone(group) && (!onlyRequired || required));
  const parts = alone.map(short);
  for (const [name, group] of Object.entries(spec.groups ?? {})) {
    const members = shown.filter((arg) => arg.group === name);
    if (group.isOpen === true || (onlyRequired && group.required !== true)) continue;
    const [open, close] = group.required === true ? ['(', ')'] : ['[', ']'];
    if (members.length === 1) parts.push(...members.map(group.required === true ? bare : short));
    else {
      members.forEach((arg, index) => {
        if (index > 0) parts.push('|');
        const last = index === members.length - 1;
        parts.push(`${index === 0 ? open : ''}${bare(arg)}${last ? close : ''}`);
      });
    }
  }
  return parts;
}

function verbList({ commands }: ArgToolSpec): string {
  return commands?.metavar ?? `{${Object.keys(commands?.verbs ?? {}).join(',')}}`;
}

/** `usage: ...`, of the command or of one of its verbs, ending in a line feed. */
export function usageText(tool: ArgToolSpec, verb?: string): string {
  const of = verb === undefined ? undefined : tool.commands?.verbs[verb];
  const parts =
    of === undefined || verb === undefined
      ? [...usageParts(tool, false), ...(tool.commands === undefined ? [] : [verbList(tool), '...'])]
      : [...usageParts(tool, true), verb, ...usageParts(of, false)];
  const start = `usage: ${tool.prog}`;
  const indent = ' '.repeat(start.length);
  let text = start;
  let width = start.length;
  for (const part of parts) {
    if (width > start.length && width + 1 + part.length > WIDTH) {
      text += `\n${indent}`;
      width = start.length;
    }
    text += ` ${part}`;
    width += 1 + part.length;
  }
  return `${text}\n`;
}

function entry(title: string, help: string): string {
  if (help === '') return `  ${title}\n`;
  const lead =
    title.length > HELP_COLUMN - 4
      ? `  ${title}\n${' '.repeat(HELP_COLUMN)}`
      : `  ${title}`.padEnd(HELP_COLUMN);
  return `${lead}${justify(help, HELP_COLUMN)}\n`;
}

function argEntry(arg: ArgSpec, showsDefaults: boolean): string {
  const title = arg.flags.map((flag) => `${flag}${valueText(arg)}`).join(', ');
  const fallback = arg.takes === 'flag' ? 'false' : arg.defaultValue;
  const shown = showsDefaults && fallback !== undefined ? ` (default: ${fallback})` : '';
  return entry(title, arg.help + shown);
}

/** The help text of a command or of one of its verbs, ending in a line feed. */
export function helpOf(tool: ArgToolSpec, verb?: string): string {
  const spec: ArgParserSpec = (verb === undefined ? undefined : tool.commands?.verbs[verb]) ?? tool;
  const shown = argsOf(spec).filter(({ hidden }) => hidden !== true);
  const { commands } = tool;
  const groups = Object.entries(spec.groups ?? {}).filter(([, group]) => hasOwnPart(group));
  const own = new Set(groups.map(([name]) => name));
  const entries = (args: readonly ArgSpec[]) =>
    args.map((arg) => argEntry(arg, spec.showsDefaults === true)).join('');
  const verbs = () => {
    const of = Object.entries(commands?.verbs ?? {}).map(([name, { help }]) => entry(`  ${name}`, help));
    return `  ${verbList(tool)}\n${of.join('')}`;
  };
  const hasVerbs = commands !== undefined && spec === tool;
  let text = usageText(tool, verb);
  if (spec.description !== undefined) text += `\n${justify(spec.description)}\n`;
  if (hasVerbs && commands.title === undefined) text += `\npositional arguments:\n${verbs()}`;
  text += `\noptional arguments:\n${entries(shown.filter(({ group }) => group === undefined || !own.has(group)))}`;
  if (hasVerbs && commands.title !== undefined) text += `\n${commands.title}:\n${verbs()}`;
  for (const [name, { title, description }] of groups) {
    text += '\n';
    if (title !== undefined) text += `${title}:\n`;
    if (description !== undefined) text += `  ${justify(description, 2)}\n\n`;
    text += entries(shown.filter(({ group }) => group === name));
  }
  return text;
}

function hasOwnPart({ title, description }: { title?: string; description?: string }): boolean {
  return title !== undefined || description !== undefined;
}
