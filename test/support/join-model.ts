// What a join of two streams must give, worked out the slow way: every record is looked at again for each new one.

export interface JoinInput {
  readonly side: 'left' | 'right'
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
}

export interface JoinShape {
  readonly verb: 'join' | 'leftJoin' | 'outerJoin'
  readonly before: number
  readonly after: number
  readonly grace: number
}

interface Kept extends JoinInput {
  waits: boolean
}

export interface JoinModel {
  /** `key=left+right@timestamp`, in order. */
  readonly out: readonly string[]
  readonly late: readonly JoinInput[]
}

export function joinModel(inputs: readonly JoinInput[], { verb, before, after, grace }: JoinShape): JoinModel {
  const kept: Kept[] = []
  const out: string[] = []
  const late: JoinInput[] = []
  let now = 0
  const reachOf = ({ side }: JoinInput): number => (side === 'left' ? after : before)
  const comesAlone = ({ side }: JoinInput): boolean => verb === 'outerJoin' || (verb === 'leftJoin' && side === 'left')
  const hasClosed = (one: JoinInput): boolean => one.timestamp + reachOf(one) + grace < now
  const emit = (key: string | null, left: string | null, right: string | null, timestamp: number): void => {
    out.push(`${key}=${left}+${right}@${timestamp}`)
  }
  const emitAlone = ({ side, key, value, timestamp }: JoinInput): void =>
    side === 'left' ? emit(key, value, null, timestamp) : emit(key, null, value, timestamp)
  const fits = (one: JoinInput, other: Kept): boolean => {
    const [left, right] = one.side === 'left' ? [one, other] : [other, one]
    const distance = right.timestamp - left.timestamp
    return one.side !== other.side && one.key === other.key && -before <= distance && distance <= after
  }
  for (const one of inputs) {
    if (one.value === null || (one.key === null && !comesAlone(one))) continue
    if (one.key !== null && one.timestamp + Math.max(0, reachOf(one)) + grace < now) {
      late.push(one)
      continue
    }
    now = Math.max(now, one.timestamp)
    const due = kept.filter((row) => row.waits && hasClosed(row))
    for (const row of due.toSorted(inOrder)) {
      row.waits = false
      emitAlone(row)
    }
    if (one.key === null) {
      emitAlone(one)
      continue
    }
    const partners = kept.filter((other) => fits(one, other))
    for (const other of partners.toSorted((a, b) => a.timestamp - b.timestamp)) {
      other.waits = false
      const [left, right] = one.side === 'left' ? [one, other] : [other, one]
      emit(one.key, left.value, right.value, Math.max(one.timestamp, other.timestamp))
    }
    const isAlone = partners.length === 0 && comesAlone(one)
    if (isAlone && hasClosed(one)) emitAlone(one)
    kept.push({ ...one, waits: isAlone && !hasClosed(one) })
  }
  return { out, late }
}

function inOrder(a: Kept, b: Kept): number {
  if (a.timestamp !== b.timestamp) return a.timestamp - b.timestamp
  if (a.side !== b.side) return a.side === 'right' ? -1 : 1
  return (a.key as string) < (b.key as string) ? -1 : a.key === b.key ? 0 : 1
}
