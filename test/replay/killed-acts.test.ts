// Acts on versions, state and letters that end with kill -9 after any of their commits: whole or not begun, and done when they are done again.
import { bytes, nullable, StreamsBuilder, string, topic, type Topology } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start, until } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { counting, wordCounts } from '../support/counted-words.ts'
import { openDurableLog, type OpenedLog } from '../support/open.ts'
import { startProgram } from '../support/program.ts'
import { startReplay } from '../support/replays.ts'
import { countingNumbers, countingObjects, shapedTotals, shown } from '../support/shaped-totals.ts'
import { words } from '../support/topics.ts'

const wordCount = 3_000

async function say({ log }: OpenedLog, count = wordCount): Promise<void> {
  const records = Array.from({ length: count }, (_, i) => ({ key: `word ${i}`, value: 'x', timestamp: i }))
  await log.producer().sendMany(words, records)
}

/** Kills a program after this many commits of its act, or when it is through. */
async function killedAfter(commits: number, { log, dir }: OpenedLog, ...args: readonly string[]): Promise<void> {
  const program = startProgram('act-on-versions', [dir, ...args])
  expect(await program.line()).toBe('open')
  program.say('go')
  for (let i = 0; i < commits; i++) if ((await program.line()) === 'done') break
  program.kill()
  await program.exited
  expect((await log.admin.verify({ deep: true })).problems).toEqual([])
}

/** How many rows the stores of versions have that are there. */
function storedRows({ embedded, environment }: OpenedLog): number {
  environment.refresh()
  return environment.range('state', Buffer.of(0), Buffer.alloc(64, 255), 1_000_000).length + journalRows({ embedded })
}

function journalRows({ embedded }: Pick<OpenedLog, 'embedded'>): number {
  return embedded.environment.range('journal', Buffer.of(0), Buffer.alloc(64, 255), 1_000_000).length
}

/** A log whose words were counted by an application that is stopped, and how many rows that took. */
async function countedLog(): Promise<OpenedLog & { readonly rows: number }> {
  const opened = openDurableLog()
  await say(opened)
  const app = await start(opened.log, counting)
  await app.caughtUp()
  await app.close()
  return { ...opened, rows: storedRows(opened) }
}

describe('a copy of the live version that is killed', () => {
  test.each([1, 2, 4, 8])('after %i commits begins again, and has what the live version has', async (commits) => {
    const opened = openDurableLog()
    await say(opened)
    const app = await start(opened.log, counting)
    await app.caughtUp()
    await killedAfter(commits, opened, 'copy', 'v2')
    await say(opened, 500)
    await app.caughtUp()
    const v2 = await startReplay(opened.log, counting, { from: 'live' })
    await v2.caughtUp()
    expect([...v2.store(wordCounts).range()]).toEqual([...app.store(wordCounts).range()])
  })

  test.each([1, 3, 6])('after %i commits is deleted with all that it has copied', async (commits) => {
    const { rows, ...opened } = await countedLog()
    const { log } = opened
    await killedAfter(commits, opened, 'copy', 'v2')
    await log.admin.deleteVersion('app', 'v2')
    await log.admin.runMaintenance()
    expect((await log.admin.verify({ deep: true })).problems).toEqual([])
    expect(storedRows(opened)).toBe(rows)
    const topics = await log.admin.listTopics({ hidden: true })
    expect(topics.map(({ name }) => name)).toEqual(['counted', 'words'])
  })
})

test.each([1, 2, 4])(
  'a version whose deletion is killed after %i commits is there whole, or gone, and the rest goes later',
  async (commits) => {
    const { rows, ...opened } = await countedLog()
    const { log } = opened
    const v2 = await startReplay(log, counting)
    await v2.caughtUp()
    await v2.close()
    const described = await log.admin.describeApplication('app', { version: 'v2' })
    await killedAfter(commits, opened, 'delete', 'v2')
    const [listing] = await log.admin.applications()
    if (listing?.versions.some(({ version }) => version === 'v2') === true) {
      expect(await log.admin.describeApplication('app', { version: 'v2' })).toEqual(described)
      await log.admin.deleteVersion('app', 'v2')
    }
    await log.admin.runMaintenance()
    expect(storedRows(opened)).toBe(rows)
    const topics = await log.admin.listTopics({ hidden: true })
    expect(topics.map(({ name }) => name)).toEqual(['counted', 'words'])
  },
)

/** The bytes of the totals, as text. */
function storedValues({ embedded }: OpenedLog): readonly string[] {
  embedded.refresh()
  const id = embedded.applications.idOf('app', shapedTotals.name) ?? 0
  return [0, 1, 2, 3].flatMap((partition) =>
    embedded.state.range(id, partition, Buffer.alloc(0), undefined, wordCount).map(({ value }) => value.toString()),
  )
}

test('rows are migrated in the background through any kill, and nothing is emitted', async () => {
  const opened = openDurableLog()
  const { log } = opened
  await say(opened)
  const before = await start(log, countingNumbers())
  await before.caughtUp()
  await before.close()
  const ends = await log.admin.endOffsets(shown)
  for (const commits of [2, 3, 5]) await killedAfter(commits, opened, 'migrate')
  await say(opened, 1)
  const app = await start(log, countingObjects())
  await app.caughtUp()
  await until(() => storedValues(opened).every((value) => value.includes('"count":')))
  const counts = [...app.store(shapedTotals).range()].map(({ key, value }) => [key, value.count])
  expect(new Map(counts as [string, number][]).get('word 0')).toBe(2)
  expect(counts.filter(([, count]) => count === 1)).toHaveLength(wordCount - 1)
  const after = await log.admin.endOffsets(shown)
  expect(after.reduce((sum, end) => sum + end, 0)).toBe(ends.reduce((sum, end) => sum + end, 1))
})

const raw = topic('words', { key: nullable(bytes()), value: nullable(bytes()), partitions: 4 })
const echoed = topic('echoed', { key: string(), value: string() })

/** Refuses what it is told to. */
function echoing(isMended: boolean): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(words)
    .mapValues(({ value }) => {
      if (!isMended) throw new Error('not yet')
      return value
    })
    .to(echoed)
  return builder.build()
}

test('letters that are sent again through any kill are processed once each', async () => {
  const opened = openDurableLog()
  const { log } = opened
  await say(opened, 700)
  const failing = await start(log, echoing(false), { onError: 'deadLetter' })
  await failing.caughtUp()
  await failing.close()
  for (const commits of [1, 1, 2, 3]) await killedAfter(commits, opened, 'redrive')
  await log.admin.deadLetters('app').redrive({})
  const app = await start(log, echoing(true), { onError: 'deadLetter' })
  await app.caughtUp()
  const keys = (await collect(log.read(echoed))).map(({ key }) => key)
  expect(keys).toHaveLength(700)
  expect(new Set(keys).size).toBe(700)
  expect(await collect(log.read(raw))).toHaveLength(700)
})
