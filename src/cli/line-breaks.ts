const BEFORE_WORD = '"\'([{\u00ab\u2018\u201c';
const AFTER_WORD = '"\')\\]}\u00bb\u2019\u201d!%.,:;?\u00a2\u00b0';
const BREAK = '\\t\\f\\n\u2028\u2029';
const SPACE = ' \u3000';
const DASH = '\\-\u00ad\u2010\u2012-\u2015';

const before = `[${BEFORE_WORD}]*`;
const suffix = `(?:[${DASH}]+|[${AFTER_WORD}]*)`;
const end = `[${SPACE}]*\\r?[${BREAK}]?`;
const number = `[${BEFORE_WORD}${DASH}]*\\d+(?:[.,]\\d+)*`;
const characters = `${before}(?:'|[^${BREAK}${SPACE}${DASH}\\r${BEFORE_WORD}${AFTER_WORD}])*`;
const NUMBER = new RegExp(`${number}${suffix}${end}`, 'y');
const WORD = new RegExp(`${characters}${suffix}${end}`, 'y');

/**
 * Cuts a line where it may be broken, as Java's `BreakIterator.getLineInstance()` does, of which the widths of Apache's
 * help texts depend: after blanks and dashes, before opening brackets. Nothing is lost.
 */
export function breakableParts(line: string): string[] {
  const parts: string[] = [];
  for (let at = 0; at < line.length; ) {
    const lengths = [NUMBER, WORD].map((pattern) => {
      pattern.lastIndex = at;
      return pattern.exec(line)?.[0].length ?? 0;
    });
    const length = Math.max(1, ...lengths);
    parts.push(line.slice(at, at + length));
    at += length;
  }
  return parts;
}
