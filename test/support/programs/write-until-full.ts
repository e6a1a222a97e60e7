// Commits rows until the disk takes no more, then tries to go on; tells everything that happened.
import { messageOf, MillraceError } from '../../../src/core/errors.ts'
import { Environment } from '../../../src/storage/environment.ts'

const [dir = ''] = process.argv.slice(2)
const environment = Environment.openNow(dir)

function outcomeOf(attempt: () => unknown): string {
  try {
    attempt()
    return 'done'
  } catch (error) {
    return error instanceof MillraceError ? `${error.code}: ${error.message}` : `no code: ${messageOf(error)}`
  }
}

const row = Buffer.alloc(20_000, 'r')
const keyOf = (index: number): Buffer => Buffer.from(`row ${index}`)
const commit = (index: number): void =>
  environment.write((transaction) => {
    transaction.put('meta', keyOf(index), row)
    transaction.put('groups', keyOf(index), row)
  })

let committed = 0
let outcome = 'done'
while (outcome === 'done' && committed < 1_000) {
  outcome = outcomeOf(() => commit(committed))
  if (outcome === 'done') committed++
}
const later = {
  write: outcomeOf(() => commit(0)),
  get: outcomeOf(() => environment.get('meta', keyOf(0))),
  refresh: outcomeOf(() => environment.refresh()),
}
console.log(JSON.stringify({ committed, outcome, later }))
await environment.close()
