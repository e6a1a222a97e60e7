// A directory keeps what applications are promised, and so does a log that is slow at its edges, in any order of events.
import { describe, test } from 'vitest'
import { directories, memory } from '../../support/application-clusters.ts'
import { promises } from './promises.ts'

describe.each([directories, ...[1, 2, 3, 4].map(memory)])('$name', ({ start }) => {
  test.each(Object.keys(promises))('%s', async (name) => {
    await promises[name]?.(start())
  })
})
