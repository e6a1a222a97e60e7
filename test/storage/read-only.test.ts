// A log that is only looked at: nothing is created, nothing is written, and those who write are not disturbed.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { keyValueStore, openLog, startStreams, StreamsBuilder, string } from '../../src/index.ts'
import type { Log, LogOptions, MillraceError, Topology } from '../../src/index.ts'
import { sealAt, sealBytes } from '../../src/storage/meta-pages.ts'
import { Sessions } from '../../src/storage/sessions.ts'
import { openDurableLog } from '../support/open.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { errorOf, rejectionOf } from '../support/thrown.ts'
import { lines } from '../support/topics.ts'

async function opened(dir: string, options: LogOptions): Promise<Log> {
  const log = await openLog(dir, options)
  onTestFinished(() => log.close())
  return log
}

const last = keyValueStore('last', { key: string(), value: string() })

function lastByKey(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(lines)
    .groupByKey()
    .reduce((_, value) => value, { store: last })
  return builder.build()
}

async function filled(): Promise<{ readonly dir: string; readonly log: Log }> {
  const { dir, log } = openDurableLog()
  await log.producer().sendMany(
    lines,
    [0, 1, 2].map((i) => ({ key: 'a', value: `${i}` })),
  )
  await using app = await startStreams(lastByKey(), { log, applicationId: 'last' })
  await app.caughtUp()
  return { dir, log }
}

/** Everything in a directory. */
function namesIn(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).toSorted((a, b) => (a < b ? -1 : 1))
}

test('it reads what others write, while they write', async () => {
  const { dir, log } = await filled()
  const looking = await opened(dir, { readOnly: true })
  const values: string[] = []
  for await (const { value } of looking.read(lines)) values.push(value)
  expect(values).toEqual(['0', '1', '2'])
  expect(looking.store('last', last).get('a')).toBe('2')
  expect((await looking.admin.verify()).problemCount).toBe(0)
  await log.producer().send(lines, { key: 'a', value: '3' })
  expect(await looking.admin.endOffsets(lines)).toEqual([4])
  expect(await looking.admin.lag('last')).toMatchObject([{ records: 1 }])
})

test('whatever would write is refused with read_only, and changes nothing', async () => {
  const { dir, log } = await filled()
  await log.close()
  const names = namesIn(dir)
  const before = readFileSync(join(dir, 'data.mdb'))
  const looking = await opened(dir, { readOnly: true })
  const attempts: Record<string, () => unknown> = {
    producer: () => looking.producer(),
    'transactional producer': () => looking.producer({ transactionalId: 'importer' }),
    consumer: () => looking.consumer({ group: 'readers', topics: [lines] }),
    startStreams: () => startStreams(lastByKey(), { log: looking, applicationId: 'last' }),
    createTopic: () => looking.admin.createTopic({ name: 'new' }),
    alterTopic: () => looking.admin.alterTopic(lines, { retentionMs: 1_000 }),
    addPartitions: () => looking.admin.addPartitions(lines, 2),
    deleteTopic: () => looking.admin.deleteTopic(lines),
    deleteRecords: () => looking.admin.deleteRecords(lines, [{ partition: 0, beforeOffset: 1 }]),
    resetOffsets: () => looking.admin.resetOffsets('readers', { topics: [lines], to: 'earliest' }),
    runMaintenance: () => looking.admin.runMaintenance(),
  }
  const codes: Record<string, string> = {}
  for (const [name, attempt] of Object.entries(attempts)) {
    codes[name] = await (async () => attempt())().then(
      () => 'done',
      ({ code }: MillraceError) => code,
    )
  }
  expect(codes).toEqual(Object.fromEntries(Object.keys(attempts).map((name) => [name, 'read_only'])))
  await looking.close()
  expect(namesIn(dir)).toEqual(names)
  expect(readFileSync(join(dir, 'data.mdb')).equals(before)).toBe(true)
})

/** LMDB does not write pages that a commit takes and gives back. A seal would say how long the file is all the same. */
function unwrittenPages(dir: string, pages: bigint): void {
  const path = join(dir, 'data.mdb')
  const bytes = readFileSync(path)
  for (const meta of [0, 16_384]) {
    bytes.writeBigUInt64LE(bytes.readBigUInt64LE(meta + lastPageAt) + pages, meta + lastPageAt)
    bytes.fill(0, meta + sealAt, meta + sealAt + sealBytes)
  }
  writeFileSync(path, bytes)
}

const lastPageAt = 144

test('a file that a crash left shorter than its header says is read as it is, and does not grow', async () => {
  const { dir, log } = await filled()
  await log.close()
  unwrittenPages(dir, 3n)
  const path = join(dir, 'data.mdb')
  const before = readFileSync(path)
  const looking = await opened(dir, { readOnly: true })
  expect(await looking.admin.endOffsets(lines)).toEqual([3])
  expect((await looking.admin.verify({ deep: true })).problemCount).toBe(0)
  await looking.close()
  expect(readFileSync(path).equals(before)).toBe(true)
  await (await openLog(dir)).close()
  expect(statSync(path).size - before.length).toBeGreaterThanOrEqual(3 * 16_384)
})

test('a directory without a log is refused and stays as it is', async () => {
  const dir = temporaryDirectory()
  const missing = await rejectionOf(openLog(join(dir, 'mistyped'), { readOnly: true }))
  const empty = await rejectionOf(openLog(dir, { readOnly: true }))
  expect([missing.code, empty.code]).toEqual(['log_missing', 'log_missing'])
  expect(missing.message).toContain(`there is no directory ${join(dir, 'mistyped')}`)
  expect(empty.message).toContain(`${dir} holds no log`)
  expect(readdirSync(dir)).toEqual([])
})

test('it sees that an owner is gone, and leaves the file of its session to those who write', () => {
  const dir = temporaryDirectory()
  const [dead, another] = ['00000000-0000-4000-8000-000000000000', '00000000-0000-4000-8000-000000000001']
  mkdirSync(join(dir, 'sessions'))
  for (const id of [dead, another]) writeFileSync(join(dir, 'sessions', id), '')
  const looking = new Sessions(dir, undefined, true)
  expect([looking.isAlive(dead), looking.isAlive(dead)]).toEqual([false, false])
  expect(readdirSync(join(dir, 'sessions'))).toEqual([dead, another])
  expect(errorOf(() => looking.begin()).code).toBe('read_only')
  expect(new Sessions(dir).isAlive(dead)).toBe(false)
  expect(readdirSync(join(dir, 'sessions'))).toEqual([another])
})
