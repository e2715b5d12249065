/** Sums the balances per market segment, largest first. */
function bySegment (customers) {
  const sums = new Map()
  for (const c of customers) {
    const s = sums.get(c.segment) || { segment: c.segment, customers: 0, balance: 0 }
    s.customers += 1
    s.balance += c.balance
    sums.set(c.segment, s)
  }
  return [...sums.values()]
    .map((s) => ({ ...s, balance: Math.round(s.balance * 100) / 100 }))
    .sort((a, b) => b.balance - a.balance)
}

module.exports = { bySegment }
