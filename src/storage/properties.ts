/** A properties file that cannot be parsed. Names the file and the line. */
export class PropertiesError extends Error {
  override name = 'PropertiesError';
}

export interface Property {
  key: string;
  value: string;
  /** Where it begins, counted from 1. */
  line: number;
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

interface LogicalLine {
  text: string;
  line: number;
}

/** Lines without blanks in front, comments and empty ones left out, continued ones joined. */
function logicalLines(text: string): LogicalLine[] {
  const logical: LogicalLine[] = [];
  let open: LogicalLine | undefined;
  for (const [index, natural] of text.split(/\r\n|\n|\r/).entries()) {
    const content = natural.replace(/^[ \t\f]+/, '');
    // Nothing but a continued empty line before: still the place for a comment.
    if (open === undefined || open.text === '') {
      if (content.startsWith('#') || content.startsWith('!')) continue;
      open ??= { text: '', line: index + 1 };
    }
    const backslashes = /\\*$/.exec(content)?.[0].length ?? 0;
    const continues = backslashes % 2 === 1;
    open.text += continues ? content.slice(0, -1) : content;
    if (continues) continue;
    if (open.text !== '') logical.push(open);
    open = undefined;
  }
  if (open !== undefined && open.text !== '') logical.push(open);
  return logical;
}

function decodeEscapes(text: string, where: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|.)/gs, (_, escaped: string) => {
    if (escaped.length > 1) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    if (escaped === 'u') throw new PropertiesError(`${where}: \\u needs four hexadecimal digits after it`);
    return ESCAPES[escaped] ?? escaped;
  });
}

/**
 * Parses the format of java.util.Properties: `key=value`, `key:value` or `key value`, comments after # or !,
 * backslash escapes, lines continued after a backslash. Properties come in their order, repeated keys included
 * (the last one counts). `name` is the file's name for errors; {@link PropertiesError} when an escape is malformed.
 */
export function parseProperties(text: string, name: string): Property[] {
  return logicalLines(text).map(({ text: content, line }) => {
    const where = `${name}, line ${line}`;
    // A key ends at the first separator that no backslash protects; at most one = or : counts as separator.
    const match = /^((?:\\.|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*(.*)$/s.exec(content);
    const [, key = content, value = ''] = match ?? [];
    return { key: decodeEscapes(key, where), value: decodeEscapes(value, where), line };
  });
}

/** Parses the content of a file, which is ISO 8859-1 as java.util.Properties reads it from a stream. */
export function parsePropertiesFile(content: Buffer, name: string): Property[] {
  return parseProperties(content.toString('latin1'), name);
}
