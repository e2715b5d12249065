const state = document.querySelector('#state')
try {
  const reply = await fetch('/api/suppliers')
  const body = await reply.json()
  if (!reply.ok) throw new Error(body.error)
  for (const s of body.suppliers) {
    const row = document.querySelector('#rows').insertRow()
    for (const key of ['name', 'ingredient', 'continent', 'city', 'approved']) row.insertCell().textContent = s[key] ?? ''
  }
  state.textContent = body.suppliers.length ? `${body.suppliers.length} suppliers` : 'No suppliers found.'
} catch (error) {
  state.textContent = `Could not load the suppliers: ${error.message}`
}
