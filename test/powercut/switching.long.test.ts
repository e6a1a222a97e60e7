// A power cut in a switch, or in the deletion of a version, leaves it done or not begun: what is there is what the log held before the
// act, or after it, and goes on from there.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startStreams } from '../../src/index.ts'
import { OpenedLog } from '../crash/opened.ts'
import { Random } from '../crash/random.ts'
import { checkVersions } from '../crash/version-checks.ts'
import { readVersions, type VersionContents } from '../crash/version-contents.ts'
import { VersionHistory } from '../crash/version-history.ts'
import { applicationId, clicks, keyOf, timeOf, versioned } from '../crash/versioned.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { PowerCuts, type State } from './images.ts'
import { type Journal, readJournal } from './journal.ts'
import { missingForRecording, recordProgram } from './recording.ts'

const statesOfEachFate = 9
const fates: readonly State['fate'][] = ['none', 'all', 'half', 'prefix', 'torn']
const seed = 7

/** What there is, by what was told before an entry, and what is told next. */
function toldAround(journal: Journal, point: number): readonly string[] {
  const lines = journal.flatMap((entry, at) => (entry.kind === 'acknowledgement' ? [{ at, line: entry.line }] : []))
  const before = lines.filter(({ at }) => at < point).at(-1)
  const next = lines.find(({ at }) => at >= point)
  return [before, next].flatMap((one) => one?.line ?? [])
}

/** Everything that is wrong with what a power cut has left. */
async function violationsIn(dir: string, told: readonly string[], asks: boolean): Promise<readonly string[]> {
  const violations: string[] = []
  const report = (violation: string): unknown => violations.push(violation)
  const opened = new OpenedLog(dir)
  const check = async (): Promise<string> => {
    const contents = readVersions(opened.embedded)
    checkVersions(contents, historyOf(contents, asks), 0, report)
    violations.push(...(await opened.problems()))
    const { switches, versions } = contents
    const names = versions.toSorted((a, b) => Number(b.isLive) - Number(a.isLive)).map(({ row }) => row.version)
    return `${names.join('+')}/${switches.length}`
  }
  try {
    const found = await check()
    if (!told.includes(found)) report(`there is ${found}, where ${told.join(' or ')} is due`)
    const live = found.split(/[+/]/)[0] ?? ''
    await opened.log.producer().send(clicks, { key: keyOf(120), value: { n: 120 }, timestamp: timeOf(120) })
    const app = await startStreams(versioned(live, asks), { log: opened.log, applicationId, version: live })
    await app.caughtUp()
    await app.close()
    await check()
  } finally {
    await opened.log.close()
  }
  return violations
}

/** All versions began at the beginning; some may be gone by now. */
function historyOf(contents: VersionContents, asks: boolean): VersionHistory {
  const history = new VersionHistory('v1', asks)
  const versions = contents.versions.slice(0, 1).flatMap((one) =>
    ['v1', 'v2', 'v3'].map((version) => {
      return { ...one, row: { ...one.row, version, replay: null }, isLive: version === 'v1' }
    }),
  )
  history.take({ ...contents, switches: [], versions }, (violation) => {
    throw new Error(violation)
  })
  return history
}

const missing = missingForRecording()
if (missing !== undefined) console.warn(`no power cuts here: ${missing}`)
else
  test.each(['replace', 'correct'])(
    'a switch with outputs: %s, and a deletion, are whole or not begun after a power cut',
    async (outputs) => {
      const base = temporaryDirectory()
      const journal = readJournal(recordProgram(base, 'switching', (places) => ({ ...places, outputs })))
      const first = journal.findIndex(({ kind }) => kind === 'acknowledgement')
      const random = new Random(seed)
      const states = fates
        .flatMap((fate) =>
          Array.from({ length: statesOfEachFate }, () => ({ fate, point: random.int(first + 1, journal.length - 1) })),
        )
        .toSorted((a, b) => a.point - b.point)
        .map((state, number): State => ({ ...state, number }))
      const cuts = new PowerCuts(journal, false)
      const found = new Set<string>()
      for (const state of states) {
        const dir = join(base, `state-${state.number}`)
        mkdirSync(dir)
        writeFileSync(join(dir, 'data.mdb'), cuts.imageOf(seed, state) ?? Buffer.alloc(0))
        const told = toldAround(journal, state.point)
        for (const one of told) found.add(one)
        expect({ state, violations: await violationsIn(dir, told, outputs !== 'correct') }).toEqual({
          state,
          violations: [],
        })
        rmSync(dir, { recursive: true })
      }
      expect(found.size).toBeGreaterThan(5)
    },
  )
