// The two examples that everybody runs first print what they promise, also when they are run again.
import { expect, test } from 'vitest'
import { runExample } from '../support/example.ts'

const hello = `durable at clicks[0] offset 0
2 more in one commit
0:0 203.0.113.7 / 200
1:0 198.51.100.4 / 404
0:1 203.0.113.7 /cart 200
`

const words = `every update, as it was written:
  the 1
  mill 1
  turns 1
  the 2
  race 1
  runs 1
  and 1
  the 3
  mill 2
  race 2
  turns 2
  the 4
  mill 3
the table, as it stands:
  and 1
  mill 3
  race 2
  runs 1
  the 4
  turns 2
`

test.each([
  ['hello-log', hello],
  ['word-count', words],
])('%s', async (name, printed) => {
  const outcome = { code: 0, signal: null, stdout: printed, stderr: '' }
  expect(await runExample(name)).toEqual(outcome)
  expect(await runExample(name)).toEqual(outcome)
})
