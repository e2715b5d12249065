import { snippet } from './snippet'
import { TABLES } from './data/tables'

const select = document.querySelector<HTMLSelectElement>('#table')!
const output = document.querySelector<HTMLPreElement>('#sql')!

for (const table of TABLES) select.add(new Option(table.name, table.name))

function render(): void {
  const table = TABLES.find((t) => t.name === select.value) ?? TABLES[0]
  output.textContent = snippet(table.name, table.columns)
}

select.addEventListener('change', render)
render()
