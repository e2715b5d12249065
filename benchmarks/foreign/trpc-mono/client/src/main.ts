import { createTRPCClient, httpBatchLink } from '@trpc/client'
import type { AppRouter } from '@trips/server'
import { grouped, usd } from './format'

const trpc = createTRPCClient<AppRouter>({ links: [httpBatchLink({ url: '/trpc' })] })
const since = document.querySelector<HTMLInputElement>('#since')!
const status = document.querySelector<HTMLParagraphElement>('#status')!
const days = document.querySelector<HTMLTableSectionElement>('#days')!

async function show(): Promise<void> {
  status.textContent = 'Loading…'
  days.replaceChildren()
  try {
    const rows = await trpc.daily.query({ since: since.value })
    for (const row of rows) {
      const tr = days.insertRow()
      for (const text of [row.day, String(row.trips), usd(row.fares)]) tr.insertCell().textContent = text
    }
    const label: string = rows.length
    status.textContent = rows.length ? `${grouped(String(label))} days` : 'No trips since then.'
  } catch (error) {
    status.textContent = `Failed: ${error instanceof Error ? error.message : error}`
  }
}

since.addEventListener('change', () => void show())
void show()
