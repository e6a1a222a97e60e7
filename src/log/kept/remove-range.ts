/**
 * The removal of any number of rows in bounded steps, for what was deleted.
 */
import type { DatabaseName } from '../../storage/databases.ts'
import type { Environment } from '../../storage/environment.ts'

/** Rows that one step removes, when nothing is said. */
const removalRows = 256

/** Removes every row with from <= key < to, a step at a time. */
export function* removeRange(
  environment: Environment,
  database: DatabaseName,
  from: Buffer,
  to: Buffer,
  stepRows: number = removalRows,
): Generator<void> {
  for (;;) {
    environment.refresh()
    const keys = environment.keys(database, from, to, stepRows)
    if (keys.length === 0) return
    environment.write((transaction) => {
      for (const key of keys) transaction.remove(database, key)
    })
    yield
    if (keys.length < stepRows) return
  }
}
