const state = document.querySelector('#state')
const table = document.querySelector('table')
const money = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' })
const sleep = (ms) => new Promise((done) => setTimeout(done, ms))

async function json (...what) {
  const reply = await fetch(...what)
  const body = await reply.json()
  if (!reply.ok) throw new Error(body.detail ?? reply.statusText)
  return body
}

try {
  const { id } = await json('/api/reports', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}'
  })
  state.textContent = 'The report is being made …'
  let report = { ready: false }
  for (let tries = 0; !report.ready && tries < 60; tries += 1) {
    await sleep(3000)
    report = await json(`/api/reports/${id}`)
  }
  if (!report.ready) throw new Error('it takes too long')
  state.textContent = report.segments.length ? 'All customers' : 'There are no customers.'
  for (const s of report.segments) {
    const row = table.tBodies[0].insertRow()
    const cells = [s.segment, s.customers.toLocaleString('en-US'), s.percent.toFixed(2), money.format(s.balance), money.format(s.mean)]
    for (const cell of cells) row.insertCell().textContent = cell
  }
  table.hidden = report.segments.length === 0
} catch (error) {
  state.textContent = `The report could not be made: ${error.message}`
}
