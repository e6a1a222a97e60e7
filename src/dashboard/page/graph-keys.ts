/**
 * Which node of a picture an arrow key leads to.
 */

/** What stands somewhere in a picture. */
interface Standing {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Whichever way an arrow key points. */
export type Direction = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown'

/** The node that comes next in a direction: what lies straight ahead is nearer than what lies aside. */
export function nextNode<N extends Standing>(nodes: readonly N[], from: N, direction: Direction): N | undefined {
  const isAcross = direction === 'ArrowLeft' || direction === 'ArrowRight'
  const sign = direction === 'ArrowRight' || direction === 'ArrowDown' ? 1 : -1
  const middleOf = ({ x, y, width, height }: Standing): readonly [number, number] => [x + width / 2, y + height / 2]
  const [fromX, fromY] = middleOf(from)
  let best: N | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const node of nodes) {
    const [x, y] = middleOf(node)
    const ahead = sign * (isAcross ? x - fromX : y - fromY)
    if (ahead < 1) continue
    const distance = ahead + 3 * Math.abs(isAcross ? y - fromY : x - fromX)
    if (distance < bestDistance) [best, bestDistance] = [node, distance]
  }
  return best
}
