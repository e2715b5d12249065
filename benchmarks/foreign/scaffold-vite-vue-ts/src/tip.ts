export interface Share {
  tip: number
  each: number
}

/** Shares a fare and its tip; null for what cannot be shared. */
export function split(amount: number, percent: number, people: number): Share | null {
  if (!(amount >= 0) || !(percent >= 0) || !Number.isInteger(people) || people < 1) return null
  const tip = (amount * percent) / 100 / people
  return { tip, each: amount / people + tip }
}
