import { breakableParts } from '../line-breaks.ts';
import { type OptionSpec, type OptionSpecs, takesValue } from './option-spec.ts';

const OVERALL_WIDTH = 80;
const SEPARATOR_WIDTH = 2;
const INDENT = '  ';

interface Row {
  readonly option: string;
  readonly description: string;
}

/** The table of options that joptsimple's BuiltinHelpFormatter prints, 80 columns wide, ending in a line feed. */
export function helpText(specs: OptionSpecs): string {
  const shown = Object.entries(specs).filter(([, spec]) => spec.hidden !== true);
  const entries = shown.sort(([a], [b]) => (a < b ? -1 : 1));
  const hasRequired = entries.some(([, spec]) => spec.required === true);
  const rows: Row[] = [
    hasRequired
      ? { option: 'Option (* = required)', description: 'Description' }
      : { option: 'Option', description: 'Description' },
    hasRequired
      ? { option: '---------------------', description: '-----------' }
      : { option: '------', description: '-----------' },
    ...entries.map(([name, spec]) => ({ option: display(name, spec), description: describe(spec) })),
  ];
  const { option: optionWidth, description: descriptionWidth } = widths(rows);
  const fitted = rows.flatMap((row) => {
    const options = pieces(row.option, optionWidth);
    const descriptions = pieces(row.description, descriptionWidth);
    return Array.from({ length: Math.max(options.length, descriptions.length) }, (_, index) => ({
      option: options[index] ?? '',
      description: descriptions[index] ?? '',
    }));
  });
  const final = widths(fitted);
  return fitted
    .map(({ option, description }) => {
      const left = option.padEnd(final.option) + ' '.repeat(SEPARATOR_WIDTH);
      return `${left}${description.padEnd(final.description)}\n`;
    })
    .join('');
}

function widths(rows: readonly Row[]): { option: number; description: number } {
  const widest = (texts: readonly string[]) => Math.max(...texts.map((text) => text.length));
  const option = Math.min((OVERALL_WIDTH - SEPARATOR_WIDTH) / 2, widest(rows.map((row) => row.option)));
  const rest = OVERALL_WIDTH - option - SEPARATOR_WIDTH;
  return { option, description: Math.min(rest, widest(rows.map((row) => row.description))) };
}

function display(name: string, spec: OptionSpec): string {
  const required = spec.required === true ? '* ' : '';
  const flag = `${required}${name.length > 1 ? '--' : '-'}${name}`;
  if (!takesValue(spec)) return flag;
  const type = spec.type ?? 'String';
  const value = spec.argument ? `${type}: ${spec.argument}` : type;
  return spec.optionalValue === true ? `${flag} [${value}]` : `${flag} <${value}>`;
}

function describe({ description, defaults = [] }: OptionSpec): string {
  if (defaults.length === 0) return description;
  const shown = defaults.length === 1 ? defaults[0] : `[${defaults.join(', ')}]`;
  return `${description} (default: ${shown})`.trim();
}

function pieces(text: string, width: number): string[] {
  const lines = text.trim().split('\n');
  return lines.flatMap((line) => {
    const found: string[] = [];
    let piece = '';
    for (const word of breakableParts(line)) {
      if (piece.length + word.length > width) {
        found.push(piece.replace(/\s+$/, ''));
        piece = INDENT + word;
      } else {
        piece += word;
      }
    }
    if (piece.length > 0) found.push(piece);
    return found;
  });
}
