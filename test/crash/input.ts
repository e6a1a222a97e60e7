// What the importer writes: an input that follows from a seed, and the prefixes in which it is committed.
import { Random } from './random.ts'
import type { Order } from './topics.ts'

/** The settings of one episode; importer, counter and checker derive everything else from it. */
export interface Plan {
  readonly seed: number
  /** How many records the input has. */
  readonly records: number
  /** Whether the whole input is there before counting begins, or both go on side by side. */
  readonly mode: 'complete' | 'live'
}

export interface InputRecord {
  readonly topic: 'orders' | 'returns'
  readonly key: string
  readonly timestamp: number
  readonly value: Order
}

const beginMs = 1_700_000_000_000

/** The records in the order in which they are imported: many of the same time, many late, some too late, some malformed. */
export function inputOf({ seed, records }: Plan): readonly InputRecord[] {
  const random = new Random(seed)
  let now = beginMs
  return Array.from({ length: records }, (_, n) => {
    if (random.chance(0.7)) now += random.int(0, 4) * 100
    const lateness = random.chance(0.1) ? random.int(0, 20_000) : random.chance(0.005) ? random.int(0, 600_000) : 0
    return {
      topic: random.chance(0.2) ? 'returns' : 'orders',
      key: `customer-${Math.floor(random.next() * random.next() * 40)}`,
      timestamp: now - lateness,
      value: {
        n,
        item: `item-${Math.floor(random.next() * random.next() * 12)}`,
        // An order for nothing is malformed: the topology throws.
        quantity: random.chance(0.01) ? 0 : random.int(1, 9),
        note: 'x'.repeat(random.chance(0.02) ? random.int(500, 3_000) : random.int(0, 40)),
      },
    }
  })
}

export function isMalformed({ value }: InputRecord): boolean {
  return value.quantity === 0
}

/** Where the prefixes end that are imported in one commit each, as counts of records; 0 is the first. */
export function prefixEndsOf({ seed, records }: Plan): readonly number[] {
  const random = new Random(seed ^ 0x5eed)
  const ends = [0]
  for (let end = 0; end < records; ends.push(end)) {
    end = Math.min(records, end + (random.chance(0.1) ? random.int(20, 120) : random.int(1, 15)))
  }
  return ends
}
