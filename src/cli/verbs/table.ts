import type { Style } from './style.ts';

export type Cell = string | number | boolean | null | undefined;

/** Rows under a heading, in columns that are as wide as what is in them; numbers stand on the right. */
export function tableText(
  heading: readonly string[],
  rows: readonly (readonly Cell[])[],
  style: Style,
): string {
  const texts = rows.map((row) => heading.map((_, column) => cellText(row[column])));
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...texts.map((row) => displayWidth(row[column] ?? ''))),
  );
  const isNumeric = heading.map((_, column) => rows.length > 0 && rows.every((row) => isNumber(row[column])));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - displayWidth(cell));
        return isNumeric[column] === true ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd();
  return [style('bold', line(heading)), ...texts.map(line)].map((text) => `${text}\n`).join('');
}

function isNumber(cell: Cell): boolean {
  return typeof cell === 'number' || cell === null || cell === undefined;
}

function cellText(cell: Cell): string {
  if (cell === null || cell === undefined) return '-';
  // Whatever a name holds, a row stays a row.
  return String(cell).replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}

/** Columns that text takes on a terminal: one for each character. */
function displayWidth(text: string): number {
  return [...text].length;
}
