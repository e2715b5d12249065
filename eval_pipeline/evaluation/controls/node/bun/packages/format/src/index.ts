/** Miles with two digits, as a page shows them. */
export function miles(value: number): string {
  return `${value.toFixed(2)} mi`;
}

/** Text that can stand in a page. */
export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (found) => `&#${found.charCodeAt(0)};`);
}
