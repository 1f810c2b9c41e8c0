import { OptionError } from './option-error.ts';
import { OptionSet } from './option-set.ts';
import { type OptionSpec, type OptionSpecs, takesValue } from './option-spec.ts';

/**
 * Reads a command line as joptsimple does with abbreviations turned off: `--flag value`, `--flag=value`, one hyphen or
 * two, flags in any order and as often as wanted, `--` before arguments that belong to no option. Throws
 * {@link OptionError}.
 */
export function parseOptions<Specs extends OptionSpecs>(
  specs: Specs,
  args: readonly string[],
): OptionSet<keyof Specs & string> {
  const given = new Map<string, string[]>();
  const rest: string[] = [];
  const order: string[] = [];
  const waiting = [...args];
  const add = (name: string, spec: OptionSpec, text: string) => {
    const { separator } = spec;
    const parts = separator === undefined ? [text] : text.split(separator).filter((part) => part !== '');
    given.set(name, [...(given.get(name) ?? []), ...(parts.length === 0 ? [''] : parts)]);
  };
  const take = (name: string, spec: OptionSpec, inline: string) => {
    if (!given.has(name)) given.set(name, []);
    order.push(name);
    if (!takesValue(spec)) return;
    if (inline !== '') return add(name, spec, inline);
    const next = waiting[0];
    if (spec.optionalValue === true && (next === undefined || looksLikeOption(specs, next))) return;
    if (next === undefined) throw OptionError.missingArgument(name);
    waiting.shift();
    add(name, spec, next);
  };
  for (let arg = waiting.shift(); arg !== undefined; arg = waiting.shift()) {
    const option = /^--?([^=]+)(?:=(.*))?$/s.exec(arg);
    if (arg === '--') rest.push(...waiting.splice(0));
    else if (!arg.startsWith('-') || arg === '-') rest.push(arg);
    else {
      const [, name = '', inline = ''] = option ?? [];
      const spec = specOf(specs, name);
      // One hyphen before letters is a cluster of short options, of which the first is unknown.
      if (spec === undefined) throw OptionError.unrecognized(arg.startsWith('--') ? name : name.slice(0, 1));
      take(name, spec, inline);
    }
  }
  checkRequired(specs, given);
  return new OptionSet(specs, given, { rest, order });
}

function specOf(specs: OptionSpecs, name: string): OptionSpec | undefined {
  return Object.hasOwn(specs, name) ? specs[name] : undefined;
}

/** Whether an argument is an option and so not the value of the one before. */
function looksLikeOption(specs: OptionSpecs, arg: string): boolean {
  if (arg.startsWith('--')) return true;
  return arg.startsWith('-') && arg !== '-' && specOf(specs, arg.slice(1)) !== undefined;
}

function checkRequired(specs: OptionSpecs, given: ReadonlyMap<string, readonly string[]>): void {
  if (given.has('help') || given.has('version')) return;
  const missing = Object.entries(specs).filter(([name, { required, requiredUnless }]) => {
    if (given.has(name)) return false;
    return required === true || (requiredUnless !== undefined && !given.has(requiredUnless));
  });
  if (missing.length > 0) throw OptionError.missingOptions(missing.map(([name]) => name));
}
