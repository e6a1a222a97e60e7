/**
 * The name that was probably meant by a misspelt one: for messages about what does not exist.
 */

/** The name that differs least, if it differs little; two short names that share nothing are not near. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.min(name.length, Math.max(2, Math.floor(name.length / 3)) + 1)
  for (const other of names) {
    if (Math.abs(other.length - name.length) >= bestDistance) continue
    const distance = editDistance(name, other)
    if (distance < bestDistance) {
      best = other
      bestDistance = distance
    }
  }
  return best
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, i) => i)
  for (let i = 1; i <= left.length; i++) {
    const next = [i]
    for (let j = 1; j <= right.length; j++) {
      const change = (row[j - 1] as number) + (left[i - 1] === right[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[right.length] as number
}
