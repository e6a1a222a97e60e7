// The log of a test driver is written and never flushed, which is most of what a commit costs; any other log is flushed.
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { readJournal } from './journal.ts'
import { missingForRecording, recordProgram } from './recording.ts'
import type { DrivenWork } from './work.ts'

const missing = missingForRecording()
if (missing !== undefined) console.warn(`no journal of a test driver here: ${missing}`)
else
  test.each(['driver', 'openLog'] as const)('a log by %s', (by) => {
    const told = ({ dir }: { readonly dir: string }): DrivenWork => ({ dir, by })
    const journal = readJournal(recordProgram(temporaryDirectory(), 'driven', told))
    const writes = journal.filter((entry) => entry.kind === 'write')
    const flushes = journal.filter((entry) => entry.kind === 'flush' || (entry.kind === 'write' && entry.durable))
    expect(writes.length).toBeGreaterThan(3)
    if (by === 'driver') expect(flushes).toEqual([])
    else expect(flushes.length).toBeGreaterThan(1)
  })
