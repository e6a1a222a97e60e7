// The page of the format says what is on the disk: every field of JSON that a log writes stands in the row of its key, and no
// database is left out.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CalendarWindows, int64, keyValueStore, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { StoredPlan, StoredStore } from '../../src/core/stored-plan.ts'
import type { LedgerEntries } from '../../src/core/stored-progress.ts'
import { formatVersion } from '../../src/storage/opening.ts'
import { databaseNames } from '../../src/storage/databases.ts'
import { start } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { startReplay } from '../support/replays.ts'
import { input, topologyOf } from '../support/topology.ts'

const page = readFileSync(fileURLToPath(new URL('../../docs/format.md', import.meta.url)), 'utf8')

/** The rows of the first table: the database, what its keys are, and what is in the values. */
const rows: { readonly database: string; readonly key: string; readonly value: string }[] = []
for (const line of page.slice(page.indexOf('| database |')).split('\n').slice(2)) {
  if (!line.startsWith('|')) break
  const [database = '', key = '', value = ''] = line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim())
  rows.push({ database: /\w+/.exec(database)?.[0] ?? rows.at(-1)?.database ?? '', key, value })
}

/** What the page says of rows whose key it describes so. */
function said(database: string, key: string): string {
  const found = rows.filter((row) => row.database === database && (row.key === key || row.key.includes(`\`${key}\``)))
  expect(
    found.map((row) => row.key),
    `the rows of ${database} with ${key}`,
  ).toHaveLength(1)
  return found[0]?.value ?? ''
}

/** The fields that a text does not name, quoted as in JSON or in Markdown. */
const missingIn = (text: string, ...values: readonly object[]): string[] =>
  [...new Set(values.flatMap(Object.keys))].filter(
    (field) => !text.includes(`"${field}"`) && !text.includes(`\`${field}\``),
  )

describe('the page of the format', () => {
  test('names every database, in its table and where it says which rows are sealed', () => {
    expect([...new Set(rows.map(({ database }) => database))].toSorted()).toEqual(databaseNames.toSorted())
    expect(page).toContain(`Format version: ${formatVersion}.`)
  })

  test('names every field of what is stored of applications', async () => {
    const { log, environment } = openTestLog()
    const names = topic('names', { key: string(), value: string() })
    const topology = topologyOf((builder) => {
      const grouped = builder.stream(input).groupByKey()
      grouped.count({ store: keyValueStore('counts', { key: string(), value: int64() }) })
      grouped.windowedBy(CalendarWindows.of({ unit: 'day', timeZone: 'Europe/Paris' })).count({ name: 'days' })
      builder.globalTable(names)
      builder.stream(input).process((context) => {
        context.schedule(10, 'streamTime', () => undefined)
        return { process: () => undefined }
      })
    })
    await log.producer().send(input, { key: 'a', value: 'x', timestamp: 1 })
    const app = await start(log, topology, { onError: 'deadLetter', commit: { everyMs: 7 } })
    await app.caughtUp()
    const v2 = await startReplay(log, topology)
    await v2.caughtUp()
    await log.admin.switchVersion('app', 'v2', { outputs: 'continue' })
    const found = environment.range('applications', Buffer.of(0), Buffer.of(255), 1_000)
    const json = (word: string, from = 0): object[] => {
      const ofWord = found.filter(({ key }) => key.toString('latin1').split('\0')[1] === word)
      expect(ofWord.length, `rows of ${word}`).toBeGreaterThan(0)
      return ofWord.map(({ value }) => JSON.parse(value.toString('utf8', from)) as object)
    }
    expect(missingIn(said('applications', 'kept name, 0'), ...json('', 8))).toEqual([])
    const ofPlan = said('applications', 'plan')
    const plans = json('plan') as StoredPlan[]
    expect(missingIn(ofPlan, ...plans)).toEqual([])
    const stores: StoredStore[] = plans.flatMap((plan) => Object.values(plan.stores))
    expect(missingIn(ofPlan, ...stores, ...stores.map(({ reading }) => reading))).toEqual([])
    const ofTask = said('applications', 'task')
    const tasks = json('task') as LedgerEntries[]
    const schedules = tasks.flatMap((task) => Object.values(task.schedules).flat())
    expect(schedules.length).toBeGreaterThan(0)
    expect(missingIn(ofTask, ...tasks, ...schedules)).toEqual([])
    expect(missingIn(said('applications', 'switch'), ...json('switch'))).toEqual([])
  })
})
