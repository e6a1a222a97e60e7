// Runs episodes of a subject, several side by side, until it has had its kills or something is wrong.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../src/core/errors.ts'
import { Crew } from './children.ts'
import { Random } from './random.ts'
import type { Subject } from './subject.ts'
import type { Tally } from './tally.ts'

export interface Run {
  readonly seed: number
  /** Episodes side by side. */
  readonly jobs: number
  /** Where the episodes get their directories. */
  readonly dir: string
  /** What the processes of the episodes are started with. */
  readonly program: string
}

/** Processes that are ready to work, for each job. */
const crewSize = 3

/** Many violations tell no more than these. */
const violationsMax = 20

export async function runSubject(subject: Subject, tally: Tally, { seed, jobs, dir, program }: Run): Promise<void> {
  let episodes = 0
  const work = async (): Promise<void> => {
    const crew = new Crew(program, crewSize)
    try {
      while (!tally.isOver) {
        const episode = episodes++
        const own = join(dir, `${subject.name}-${episode}`)
        await runEpisode(subject, tally, own, new Random(seed * 7_919 + episode), crew)
      }
    } finally {
      await crew.dismiss()
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
}

async function runEpisode(subject: Subject, tally: Tally, dir: string, random: Random, crew: Crew): Promise<void> {
  const found = new Set<string>()
  const report = (violation: string): void => {
    if (found.has(violation) || found.size === violationsMax) return
    found.add(violation)
    tally.violations.push(`${subject.name}: ${violation} (kept ${dir})`)
  }
  mkdirSync(dir, { recursive: true })
  try {
    await subject.run({ dir, random, crew, tally, report })
  } catch (error) {
    report(error instanceof Error ? (error.stack ?? error.message) : messageOf(error))
  }
  tally.count('episodes')
  if (found.size === 0) rmSync(dir, { recursive: true, force: true })
}
