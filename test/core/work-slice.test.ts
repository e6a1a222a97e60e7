// Long work lets others have the event loop when its slice is over, and has the next one then.
import { expect, test } from 'vitest'
import { WorkSlice } from '../../src/core/work-slice.ts'

test('a slice ends after a while, and what waits for the event loop runs before the next one', async () => {
  const slice = new WorkSlice()
  const ran: string[] = []
  setImmediate(() => ran.push('another'))
  while (!slice.isOver);
  ran.push('slice')
  await slice.next()
  expect(ran).toEqual(['slice', 'another'])
  while (!slice.isOver); // the next one ends too
})
