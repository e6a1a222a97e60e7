// The kill loops, short; `npm run test:crash` runs them for as long as one likes, with other seeds.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compiledProgram } from '../support/compiled.ts'
import { runSubject } from './run-subject.ts'
import type { Subject } from './subject.ts'
import { application } from './subjects/application.ts'
import { backup } from './subjects/backup.ts'
import { cleaner } from './subjects/cleaner.ts'
import { command } from './subjects/command.ts'
import { groups } from './subjects/groups.ts'
import { producers } from './subjects/producers.ts'
import { replay } from './subjects/replay.ts'
import { transactions } from './subjects/transactions.ts'
import { Tally } from './tally.ts'

let dir: string
/** Where something is wrong the log stays, as the violation says. */
let isSound = true

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-crash-'))
})

afterAll(() => {
  if (isSound) rmSync(dir, { recursive: true, force: true })
})

/** A subject, and what has to happen to it, or it shows nothing. */
const loops: readonly { readonly kills: number; readonly subject: Subject; readonly happenings: readonly string[] }[] =
  [
    { kills: 12, subject: application, happenings: ['checks'] },
    { kills: 6, subject: producers, happenings: ['rounds', 'stopped', 'repeated batches'] },
    { kills: 6, subject: transactions, happenings: ['transactions', 'stopped', 'fenced'] },
    { kills: 5, subject: groups, happenings: ['stopped'] },
    { kills: 7, subject: cleaner, happenings: ['rounds of cleaning'] },
    { kills: 4, subject: backup, happenings: ['backups done', 'backups cut short'] },
    { kills: 6, subject: replay, happenings: ['begun', 'switched'] },
    { kills: 5, subject: command, happenings: ['commands done', 'commands killed', 'checks'] },
  ]

/** Which moment a kill hits is not ours to say: where something did not happen, there are more kills. */
const runsMax = 5

test.each(loops)('$kills kills of $subject.name break no promise', async ({ kills, subject, happenings }) => {
  const missing = new Set(happenings)
  for (let run = 0; run < runsMax && missing.size > 0; run++) {
    const tally = new Tally(kills)
    await runSubject(subject, tally, { seed: 3 + run, jobs: 1, dir, program: compiledProgram('test/crash', 'child') })
    if (tally.violations.length > 0) isSound = false
    expect(tally.violations).toEqual([])
    expect(tally.kills).toBe(kills)
    for (const what of tally.counts.keys()) missing.delete(what)
  }
  expect([...missing]).toEqual([])
})
