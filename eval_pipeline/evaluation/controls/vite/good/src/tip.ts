/** A fare with a tip of so many percent, in whole cents. */
export function withTip(fare: number, percent: number): number {
  return Math.round(fare * (100 + percent)) / 100;
}
