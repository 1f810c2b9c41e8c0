/** Prints a table as Apache's `ToolsUtils.prettyPrintTable`: cells of a column are as wide, with a tab behind each. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  for (const row of all) {
    console.log(row.map((cell, column) => `${cell.padEnd(widths[column] ?? 0)}\t`).join(''));
  }
}
