// A write or a flush that fails stops the log for good: see sweep.ts for what must hold. npm run test:faults -- --full is the
// same for every call of a run, and without --full for more calls than here.
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { noCompiler } from './failing-disk.ts'
import { makeBench, sweep } from './sweep.ts'

/** Of this many calls one fails: a prime, so that it is not always the same call of a commit. */
const stride = 61

test('an error of the disk is told, loses nothing, shows nothing uncommitted, and the process ends by itself', async (context) => {
  const dir = temporaryDirectory()
  const bench = makeBench(dir)
  if (bench === undefined) return context.skip(noCompiler)
  const { faults, violations } = await sweep(bench, dir, stride, () => undefined)
  expect(violations).toEqual([])
  expect(faults).toBeGreaterThan(20)
})
