/** What a page shows as output, compared with what came. `...` stands for any text in a line, alone for any lines. */

/** Matches exactly what is shown, up to blanks at the ends of lines. */
export function pattern(shown: string, end: 'whole' | 'beginning' = 'whole'): RegExp {
  const lines = tidied(shown).map((line) => {
    if (line.trim() === '...') return '(?:.*\\n)*?';
    return `${line.split('...').map(escaped).join('.*')}\\n`;
  });
  return new RegExp(`^${lines.join('')}${end === 'whole' ? '$' : ''}`);
}

export function normalised(output: string): string {
  const lines = tidied(output);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function tidied(text: string): string[] {
  const lines = text
    .replaceAll('\r', '')
    .split('\n')
    .map((line) => line.trimEnd());
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
