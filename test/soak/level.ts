// Whether the size of a file has levelled off: the last third of the run holds hardly more than the one before.

/** How much more the last third has than the one before, by their largest sizes; 0.05 for 5 %. */
export function growthAtTheEnd(sizes: readonly number[]): number {
  const third = Math.floor(sizes.length / 3)
  if (third === 0) return 0
  const last = Math.max(...sizes.slice(-third))
  const before = Math.max(...sizes.slice(-2 * third, -third))
  return last / before - 1
}

export const growthMax = 0.1
