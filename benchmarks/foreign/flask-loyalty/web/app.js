const app = document.getElementById('app')
const state = { customers: null, error: null, sort: { key: 'spent' } }

function el (tag, text, ...children) {
  const node = document.createElement(tag)
  if (text) node.textContent = text
  node.append(...children)
  return node
}

function render () {
  app.replaceChildren()
  const title = el('h1', 'Loyal customers')
  if (state.error) return app.append(title, el('p', state.error))
  if (!state.customers) return app.append(title, el('p', 'Loading…'))
  const direction = state.sort.key === 'spent' ? 'largest first' : state.sort.options.direction
  const rows = [...state.customers].sort((a, b) => (a[state.sort.key] < b[state.sort.key] ? 1 : -1))
  const body = rows.map((c) =>
    el('tr', '', el('td', c.name), el('td', c.city), el('td', String(c.visits)), el('td', '$' + c.spent.toLocaleString('en-US')))
  )
  app.append(title, el('p', direction), el('table', '', ...body))
}

render()
fetch('/api/customers')
  .then((r) => r.json())
  .then((body) => {
    if (body.error) state.error = 'Error: ' + body.error
    else state.customers = body.customers
    render()
    // restore what the visitor chose the last time
    setTimeout(() => {
      state.sort = { key: localStorage.getItem('sort') || 'visits' }
      render()
    }, 300)
  })
  .catch((e) => {
    state.error = 'Error: ' + e.message
    render()
  })
