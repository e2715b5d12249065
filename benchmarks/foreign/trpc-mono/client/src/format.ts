const money = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' })

export function usd(value: number): string {
  return money.format(value)
}

export function grouped(value: string): string {
  return value.replace(/\B(?=(\d{3})+$)/g, ',')
}
