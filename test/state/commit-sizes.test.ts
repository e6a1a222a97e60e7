// No commit does many times the work of others: what it folds and what it writes are counted, not timed.
import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import type { Environment } from '../../src/storage/environment.ts'
import { Folding } from '../../src/storage/state/folding.ts'
import { StateStores } from '../../src/storage/state/state-stores.ts'
import { openTestLog } from '../support/open.ts'
import { storeIdsOf } from '../support/store-ids.ts'

const timesMedian = 10

/** What each commit of a load did. */
interface Work {
  readonly folded: number[]
  readonly written: number[]
}

interface Load {
  readonly commits: number
  readonly rows: number
  /** The number of the key of a row that is changed, of all that are changed. */
  readonly keyOf: (index: number) => number
  /** How large the journal may become. */
  readonly bytesMax: number
}

/** Bytes that this process has asked the system to write. */
function writtenBytes(): number {
  return Number(/^wchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
}

/** Looks like chance, and is the same each time. */
function mixed(index: number): number {
  const bits = Math.imul(index + 1, 0x85ebca6b)
  return Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35) >>> 0
}

/** Does it with stores that are opened anew, as after a restart. */
function workOf(environment: Environment, storeId: number, { commits, rows, keyOf, bytesMax }: Load): Work {
  const state = new StateStores(environment)
  const next = vi.spyOn(Folding.prototype, 'next')
  const written: number[] = []
  for (let at = 0; at < commits; at++) {
    const before = writtenBytes()
    environment.write((transaction) => {
      const changes = state.begin(transaction)
      for (let row = at * rows; row < (at + 1) * rows; row++) {
        changes.put(storeId, 0, Buffer.from(`key ${keyOf(row)}`), Buffer.from(`a value of ${at}`))
      }
      state.end(changes, bytesMax)
    })
    written.push(writtenBytes() - before)
  }
  const folded = next.mock.results.map(({ value }) =>
    (value as ReturnType<Folding['next']>).folded.reduce((total, { entries }) => total + entries.length, 0),
  )
  next.mockRestore()
  return { folded, written }
}

function medianOf(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
}

const rows = 300
const keys = 30_000
/** Of what the journal may take, a quarter of all rows fit. */
const bytesMax = 256 * 1_024

test('no commit folds 10 times as many rows as the median, nor writes 10 times as much', (context) => {
  if (process.platform !== 'linux') context.skip('only Linux says what a process writes')
  const { embedded, environment } = openTestLog()
  const [storeId = 0] = storeIdsOf(embedded, 'application', ['store'])
  const filled: Load = { commits: keys / rows, rows, bytesMax, keyOf: (index) => (index * 7_919) % keys }
  const changed: Load = { ...filled, commits: 40, keyOf: (index) => mixed(index) % keys }
  for (const load of [filled, changed, changed]) {
    const { folded, written } = workOf(environment, storeId, load)
    expect(Math.max(...written)).toBeLessThan(timesMedian * medianOf(written))
    expect(Math.max(...folded)).toBeLessThan(timesMedian * medianOf(folded))
    expect(medianOf(folded)).toBeGreaterThan(rows / 4)
  }
})
