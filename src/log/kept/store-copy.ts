/**
 * Makes the rows of one store those of another, page by page in the order of their keys. Repeated, it moves only what
 * has changed since.
 */
import { keyAfter } from '../../storage/keys.ts'
import type { StateReader, StateWriter, StoredRow } from '../../storage/state-rows.ts'

/** Two stores of the same layout. */
export interface CopiedStore {
  readonly from: number
  readonly to: number
  readonly partitions: number
}

const pageRows = 1_024
const first = Buffer.alloc(0)

/** Some rows that the copy lacks, or has too many of. */
export interface CopyStep {
  readonly rows: number
  readonly write: (writer: StateWriter) => void
}

/**
 * Compares the stores, one page at each step, and yields what the target lacks in it. The next page is read when it is
 * asked for.
 */
export function* differencesOf(reader: StateReader, store: CopiedStore): Generator<CopyStep> {
  for (let partition = 0; partition < store.partitions; partition++) {
    yield* differencesIn(reader, store, partition, first, undefined)
  }
}

/** The same in a range of one partition, with begin <= key < end. */
export function* differencesIn(
  reader: StateReader,
  { from, to }: CopiedStore,
  partition: number,
  begin: Buffer,
  end: Buffer | undefined,
): Generator<CopyStep> {
  for (let key: Buffer | undefined = begin; key !== undefined;) {
    const source = reader.range(from, partition, key, end, pageRows)
    const target = reader.range(to, partition, key, end, pageRows)
    const stop = pageEnd(source, target)
    const { puts, removes } = difference(before(source, stop), before(target, stop))
    yield {
      rows: puts.length + removes.length,
      write: (writer) => {
        for (const row of puts) writer.put(to, partition, row.key, row.value)
        for (const row of removes) writer.remove(to, partition, row.key)
      },
    }
    key = stop
  }
}

/** Both are known before it; undefined: both are known to their ends. */
function pageEnd(...pages: readonly (readonly StoredRow[])[]): Buffer | undefined {
  const ends = pages.flatMap((page) => (page.length < pageRows ? [] : page.slice(-1).map(({ key }) => keyAfter(key))))
  return ends.toSorted((a, b) => Buffer.compare(a, b))[0]
}

function before(rows: readonly StoredRow[], end: Buffer | undefined): readonly StoredRow[] {
  return end === undefined ? rows : rows.filter(({ key }) => Buffer.compare(key, end) < 0)
}

function difference(source: readonly StoredRow[], target: readonly StoredRow[]) {
  const puts: StoredRow[] = []
  const removes: StoredRow[] = []
  let at = 0
  for (const row of source) {
    let other = target[at]
    while (other !== undefined && Buffer.compare(other.key, row.key) < 0) {
      removes.push(other)
      other = target[++at]
    }
    const isThere = other !== undefined && other.key.equals(row.key)
    if (isThere) at++
    if (!isThere || other?.value.equals(row.value) !== true) puts.push(row)
  }
  return { puts, removes: [...removes, ...target.slice(at)] }
}
