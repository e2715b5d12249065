(async function () {
  const status = document.getElementById('status')
  try {
    const res = await fetch('/api/customers')
    const body = await res.json()
    if (!res.ok) throw new Error(body.error || res.statusText)
    status.textContent = body.customers.length ? body.customers.length + ' customers' : 'No customers found.'
    for (const s of body.summary) {
      const tr = document.querySelector('#summary tbody').insertRow()
      for (const v of [s.country, s.customers, s.share]) tr.insertCell().textContent = v
    }
    for (const c of body.customers) {
      const li = document.createElement('li')
      li.textContent = `${c.first_name} ${c.last_name}, ${c.city} (${c.country})`
      document.getElementById('list').append(li)
    }
  } catch (e) {
    status.textContent = 'Failed: ' + e.message
  }
})()
