/**
 * `millrace doctor`: what is wrong with a directory, or with the machine, and what to do about it.
 */
import { readFileSync } from 'node:fs'
import type { Clock } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import type { Log } from '../../log/face.ts'
import { dataFileOf } from '../../storage/directory.ts'
import { formatVersion } from '../../storage/opening.ts'
import { styled } from '../colours.ts'
import { checkDirectory } from '../doctor/directory.ts'
import { type Finding, problem, warning } from '../doctor/finding.ts'
import { checkMachine, limitsOfProcess } from '../doctor/machine.ts'
import { checkProcesses, processesWith } from '../doctor/processes.ts'
import { checkUse } from '../doctor/use.ts'
import { exitCodes } from '../exit-codes.ts'
import { isHeldUp } from '../held-up.ts'
import { inWordsOfTheCommand } from '../hints.ts'
import type { Output } from '../output.ts'
import { declareVerb, type Verb } from '../verb.ts'

/** How long a commit, or an opening, may take before it is strange. */
const patienceMs = 2_000

export const verb: Verb = declareVerb({
  about:
    'Looks at versions, limits of the process, the file system, space, rights, what a killed process left, processes that stand ' +
    'still, readers and members that hold others up. What is stored is for "millrace verify" to check. Ends with 1 when ' +
    'something is wrong; a warning is not.',
  json: 'One object a line for each thing that was looked at: `check`, `state`, `what`, `advice`.',
  examples: [
    { does: 'What is looked at', line: 'millrace doctor --json | jq -r .check | uniq' },
    {
      does: 'What is wrong, for a script',
      line: 'millrace doctor --json | jq -r \'select(.state == "problem").what\'',
    },
  ],
  async run(_, { dir, openLog, out, clock }) {
    const found = [...checkThisMachine(), ...checkDirectory(dir)]
    if (!found.some(({ check, state }) => check === 'directory' && state === 'problem')) {
      found.push(...checkProcesses(processesWith(dataFileOf(dir))))
      found.push(...((await isHeldUp(dir, clock, patienceMs)) ? [heldUp] : await checkLog(openLog, clock)))
    }
    await show(found, out)
    return found.some(({ state }) => state === 'problem') ? exitCodes.failed : exitCodes.done
  },
})

const heldUp = problem(
  'log',
  'a process has been committing, or opening the log, for 2s: all others wait for it',
  'look for one that stands still, above or in a container; otherwise check the disk',
)

function checkThisMachine(): Finding[] {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  const { version, engines } = JSON.parse(text) as {
    readonly version: string
    readonly engines: { readonly node: string }
  }
  return checkMachine({
    millraceVersion: version,
    formatVersion,
    nodeVersion: process.versions.node,
    nodeWanted: engines.node,
    platform: `${process.platform} ${process.arch}`,
    limits: limitsOfProcess(),
  })
}

async function checkLog(openLog: () => Promise<Log>, clock: Clock): Promise<Finding[]> {
  try {
    const { admin } = await openLog()
    const groups = (await admin.groups()).filter(({ members }) => members > 0)
    return checkUse({
      nowMs: clock.now(),
      statistics: await admin.stats(),
      groups: await Promise.all(groups.map(({ name }) => admin.describeGroup(name))),
      applications: await admin.applications(),
    })
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    const advice = 'the message says what to do; docs/errors.md says more'
    const what = `${inWordsOfTheCommand(error.message)} (${error.code})`
    return [error.code === 'log_in_use' ? warning('log', what, advice) : problem('log', what, advice)]
  }
}

const colours = { ok: 'green', warning: 'yellow', problem: 'red' } as const

/** Sentences are no table: each has a line of its own, and what to do about it another one. */
async function show(found: readonly Finding[], out: Output): Promise<void> {
  if (out.isJson) return out.rows(found, [])
  for (const { check, state, what, advice } of found) {
    out.add(`${styled(colours[state], state.padEnd(7), out.isColoured)}  ${out.harmless(`${check}: ${what}`)}\n`)
    if (advice !== null) out.add(`${' '.repeat(9)}${out.harmless(advice)}\n`)
  }
  await out.flush()
}
