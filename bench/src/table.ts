/** Rows of cells, the first of them headings; no rows when there is nothing to tell. */
export type Table = readonly (readonly string[])[];

/** For a terminal: columns one below the other. */
export function textOf(table: Table): string {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** For a page: all columns but the first to the right. */
export function markdownOf([headings = [], ...rows]: Table): string {
  const rule = headings.map((_, column) => (column === 0 ? '---' : '---:'));
  return [headings, rule, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
