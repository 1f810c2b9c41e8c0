import { JavaError } from '../java-error.ts';

/** What a line has become. */
export interface LineRecord {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [name: string, value: string | null])[];
}

interface Separators {
  readonly 'key.separator': string;
  readonly 'headers.delimiter': string;
  readonly 'headers.separator': string;
  readonly 'headers.key.separator': string;
}

const DEFAULT_SEPARATORS: Separators = {
  'key.separator': '\t',
  'headers.delimiter': '\t',
  'headers.separator': ',',
  'headers.key.separator': ':',
};

/** Pairs that could not be told apart. */
const DISTINCT = [
  ['headers.delimiter', 'headers.separator'],
  ['headers.delimiter', 'headers.key.separator'],
  ['headers.separator', 'headers.key.separator'],
] as const;

/**
 * Lines to records as Apache's `LineMessageReader` (`kafka.tools.ConsoleProducer$LineMessageReader`):
 * `headers<TAB>key<TAB>value`, as far as `parse.headers` and `parse.key` ask for it.
 */
export class LineMessageReader {
  private readonly separators: Separators;
  private readonly parsesKey: boolean;
  private readonly parsesHeaders: boolean;
  private readonly ignoresErrors: boolean;
  private readonly nullMarker: string | undefined;
  private readonly headersSeparator: RegExp;
  private lineNumber = 0;

  /** Throws {@link JavaError} (`KafkaException`) for separators that cannot be told apart. */
  constructor(properties: ReadonlyMap<string, string>) {
    const text = (name: keyof Separators) => properties.get(name) ?? DEFAULT_SEPARATORS[name];
    const flag = (name: string) => properties.get(name)?.trim().toLowerCase() === 'true';
    this.separators = {
      'key.separator': text('key.separator'),
      'headers.delimiter': text('headers.delimiter'),
      'headers.separator': text('headers.separator'),
      'headers.key.separator': text('headers.key.separator'),
    };
    this.parsesKey = flag('parse.key');
    this.parsesHeaders = flag('parse.headers');
    this.ignoresErrors = flag('ignore.error');
    this.nullMarker = properties.get('null.marker');
    this.headersSeparator = pattern(this.separators['headers.separator']);
    this.checkSeparators();
  }

  /** Throws {@link JavaError} (`KafkaException`) for a line that has not the parts asked for, unless errors are ignored. */
  read(line: string): LineRecord {
    this.lineNumber++;
    let at = 0;
    const take = (isWanted: boolean, separator: string, name: string): string | undefined => {
      if (!isWanted) return undefined;
      const end = line.indexOf(separator, at);
      if (end < 0) {
        if (this.ignoresErrors) return undefined;
        throw kafkaException(`No ${name} found on line number ${this.lineNumber}: '${line}'`);
      }
      const part = line.slice(at, end);
      at = end + separator.length;
      return part;
    };
    const headers = take(this.parsesHeaders, this.separators['headers.delimiter'], 'headers delimiter');
    const key = take(this.parsesKey, this.separators['key.separator'], 'key separator');
    return {
      key: this.orNull(key),
      value: this.orNull(line.slice(at)),
      headers: headers === undefined || headers === this.nullMarker ? [] : this.splitHeaders(headers),
    };
  }

  private orNull(text: string | undefined): string | null {
    return text === undefined || text === this.nullMarker ? null : text;
  }

  private splitHeaders(headers: string): [string, string | null][] {
    const separator = this.separators['headers.key.separator'];
    return javaSplit(headers, this.headersSeparator).map((pair) => {
      const at = pair.indexOf(separator);
      if (at < 0) {
        if (this.ignoresErrors) return [pair, null];
        const where = `in pair '${pair}' on line number ${this.lineNumber}`;
        throw kafkaException(`No header key separator found ${where}`);
      }
      const name = pair.slice(0, at);
      if (name === this.nullMarker) {
        throw kafkaException(
          `Header keys should not be equal to the null marker '${name}' as they can't be null`,
        );
      }
      return [name, this.orNull(pair.slice(at + separator.length))];
    });
  }

  private checkSeparators(): void {
    for (const [a, b] of DISTINCT) {
      if (this.separators[a] === this.separators[b]) throw kafkaException(`${a} and ${b} may not be equal`);
    }
    for (const name of [
      'key.separator',
      'headers.separator',
      'headers.delimiter',
      'headers.key.separator',
    ] as const) {
      if (this.nullMarker === this.separators[name]) {
        throw kafkaException(`null.marker and ${name} may not be equal`);
      }
    }
  }
}

function kafkaException(message: string): JavaError {
  return new JavaError('org.apache.kafka.common.KafkaException', message);
}

/** The separator of headers is a regular expression. */
function pattern(text: string): RegExp {
  try {
    return new RegExp(text, 'g');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new JavaError('java.util.regex.PatternSyntaxException', `${reason} near index 0\n${text}`);
  }
}

/** `Pattern.split`: empty parts at the end are dropped, and one before a match of nothing at the start. */
function javaSplit(text: string, separator: RegExp): string[] {
  const parts: string[] = [];
  let at = 0;
  for (const { 0: match, index } of text.matchAll(separator)) {
    const end = index + match.length;
    if (end > 0) {
      parts.push(text.slice(at, index));
      at = end;
    }
  }
  if (at === 0) return [text];
  parts.push(text.slice(at));
  while (parts.at(-1) === '') parts.pop();
  return parts;
}
