// npm run test:faults -- --full: lets every fdatasync and every write of a run fail in its turn, one run for each, and checks
// after each what the log holds and that a restart goes on. Without --full a sample.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noCompiler } from './failing-disk.ts'
import { flag, toolOptions } from '../support/tool-options.ts'
import { makeBench, sampleStride, sweep } from './sweep.ts'

const { full } = toolOptions({ full: flag })
const base = mkdtempSync(join(tmpdir(), 'millrace-faults-'))
const bench = makeBench(base)
if (bench === undefined) {
  console.error(`not run: it ${noCompiler}`)
  process.exitCode = 1
} else {
  const { faults, crashes, violations } = await sweep(bench, base, full ? 1 : sampleStride, (line) =>
    console.error(line),
  )
  for (const violation of violations) console.error(violation)
  console.log(`${faults} faults, ${crashes} of them crash LMDB, ${violations.length} violations`)
  process.exitCode = violations.length === 0 ? 0 : 1
}
if (process.exitCode === 0) rmSync(base, { recursive: true })
else console.error(`kept ${base}`)
