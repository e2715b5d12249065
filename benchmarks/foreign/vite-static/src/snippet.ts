export function snippet(table: string, columns: string[], limit = 100): string {
  const list = columns.length ? columns.map((c) => `  ${c}`).join(',\n') : '  *'
  return `SELECT\n${list}\nFROM ${table}\nLIMIT ${limit};`
}
