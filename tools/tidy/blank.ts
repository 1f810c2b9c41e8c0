/** Words after which a slash begins a regular expression. */
const WORDS_BEFORE_REGEXP =
  /(?:^|[^\w$.])(?:return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield)$/;

/**
 * TypeScript with the content of comments, strings, templates and regular expressions turned into blanks, so
 * that what is left can be searched as code. Offsets, line ends and quotes stay where they were.
 */
export function blankOut(source: string): string {
  const out = source.split('');
  /** Depth of braces inside each `${` that is open. */
  const templates: number[] = [];
  let at = 0;

  const blankTo = (end: number): void => {
    for (; at < end && at < out.length; at += 1) if (out[at] !== '\n') out[at] = ' ';
  };
  const endOfString = (quote: string): number => {
    let end = at + 1;
    while (end < source.length && source[end] !== quote && source[end] !== '\n')
      end += source[end] === '\\' ? 2 : 1;
    return end;
  };
  const endOfRegExp = (): number => {
    let inClass = false;
    let end = at + 1;
    for (; end < source.length && source[end] !== '\n'; end += 1) {
      if (source[end] === '\\') end += 1;
      else if (source[end] === '[') inClass = true;
      else if (source[end] === ']') inClass = false;
      else if (source[end] === '/' && !inClass) break;
    }
    return end;
  };
  /** Blanks template text from `at` to the closing quote or the next `${`. */
  const skipTemplateText = (): void => {
    let end = at;
    while (end < source.length && source[end] !== '`' && !source.startsWith('${', end)) {
      end += source[end] === '\\' ? 2 : 1;
    }
    blankTo(end);
    if (source[at] === '`') {
      at += 1;
    } else {
      templates.push(0);
      at += 2;
    }
  };

  while (at < source.length) {
    const char = source[at];
    const depth = templates.at(-1);
    if (source.startsWith('//', at)) {
      const end = source.indexOf('\n', at);
      blankTo(end < 0 ? source.length : end);
    } else if (source.startsWith('/*', at)) {
      const end = source.indexOf('*/', at);
      blankTo(end < 0 ? source.length : end + 2);
    } else if (char === "'" || char === '"') {
      const end = endOfString(char);
      at += 1;
      blankTo(end);
      at += 1;
    } else if (char === '`') {
      at += 1;
      skipTemplateText();
    } else if (char === '/' && startsRegExp(out, at)) {
      const end = endOfRegExp();
      at += 1;
      blankTo(end);
      at += 1;
    } else if (char === '}' && depth === 0) {
      templates.pop();
      at += 1;
      skipTemplateText();
    } else {
      if (depth !== undefined && char === '{') templates[templates.length - 1] = depth + 1;
      if (depth !== undefined && char === '}') templates[templates.length - 1] = depth - 1;
      at += 1;
    }
  }
  return out.join('');
}

/** Tells a regular expression from a division by what stands before the slash. */
function startsRegExp(out: readonly string[], at: number): boolean {
  const before = out
    .slice(Math.max(0, at - 200), at)
    .join('')
    .trimEnd();
  return before === '' || /[(,=:[!&|?{};+\-*%<>~^]$/.test(before) || WORDS_BEFORE_REGEXP.test(before);
}
