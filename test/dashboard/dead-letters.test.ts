// What the API says of dead letters, and what it sends again: real applications, each question within its bounds.
import { int64, type Log, string, topic } from 'millrace'
import type { Dashboard } from 'millrace/dashboard'
import { describe, expect, test, vi } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import { textOfPlace } from '../../src/dashboard/api/records.ts'
import type {
  FullLetterView,
  LetterListView,
  LettersView,
  LetterView,
  ReasonsView,
  SentView,
} from '../../src/dashboard/letter-views.ts'
import type { ErrorView, LiveEvent } from '../../src/dashboard/views.ts'
import { start } from '../support/applications.ts'
import { ask, change, events, get, openDashboard, token } from '../support/dashboards.ts'
import { doubled, doubling, sendBad, withLetters, withManyLetters, writeLetters } from '../support/dead-letters.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { topologyOf } from '../support/topology.ts'

const list = '/api/dead-letters/app/letters'
const send = '/api/dead-letters/app/send'

async function world(count: number): Promise<{ readonly log: Log; readonly opened: Dashboard }> {
  const { log } = openTestLog()
  await withLetters(log, count)
  return { log, opened: await openDashboard(log) }
}

const changing = (log: Log): Promise<Dashboard> => openDashboard(log, { allowChanges: true, token })

/** A place in the only partition there is, as answers name it. */
const placed = (offset: number): string => textOfPlace(new Map([[0, offset]]))

/** The values of the records that the application has written. */
async function doubledOf(log: Log): Promise<readonly number[]> {
  const records = await collect(log.read(doubled))
  return records.map(({ value }) => value)
}

describe('the list', () => {
  test('has the newest first, and every letter is reached by going to older ones, each once', async () => {
    const { log } = openTestLog()
    await withManyLetters(log, 120)
    const opened = await openDashboard(log, { clock: new ManualClock(0) })
    const seen: number[] = []
    let page = await get<LetterListView>(opened, list)
    expect(page.newer).toBeNull()
    for (;;) {
      seen.push(...page.letters.map(({ timestampMs }) => timestampMs / 1_000))
      if (page.older === null) break
      page = await get<LetterListView>(opened, `${list}?older=${page.older}`)
    }
    expect(seen).toEqual(Array.from({ length: 120 }, (_, at) => 119 - at))
    const back = await get<LetterListView>(opened, `${list}?newer=0-0&limit=3`)
    expect(back.letters.map(({ offset }) => offset)).toEqual([2, 1, 0])
  })

  test('says of each what went wrong, with which record, and whether it was sent again', async () => {
    const { log, opened } = await world(2)
    await log.admin.deadLetters('app').redrive([{ partition: 0, offset: 0 }])
    const { letters } = await get<LetterListView>(opened, list)
    expect(letters[0]).toEqual({
      partition: 0,
      offset: 1,
      timestampMs: 1_000,
      reason: 'undecodable',
      message: expect.stringContaining('int64') as string,
      operator: 'double',
      source: { topic: 'numbers', partition: 0, offset: 1 },
      key: { text: 'k1', bytes: 2, isCut: false },
      value: { text: 'bad 1', bytes: 5, isCut: false },
      outcome: 'sent',
    } satisfies LetterView)
    expect(letters[1]?.outcome).toBe('alreadySent')
  })

  test('has those that fit: by reason, operator, topic and time', async () => {
    const { log } = openTestLog()
    await withManyLetters(log, 10)
    const opened = await openDashboard(log, { clock: new ManualClock(0) })
    const timesOf = async (query: string): Promise<readonly number[]> =>
      (await get<LetterListView>(opened, `${list}?${query}`)).letters.map(({ timestampMs }) => timestampMs)
    expect(await timesOf('reason=undecodable&operator=double&topic=numbers')).toHaveLength(10)
    expect(await timesOf('reason=late&reason=undecodable')).toHaveLength(10)
    for (const query of ['reason=late', 'operator=none', 'topic=other']) expect(await timesOf(query)).toEqual([])
    expect(await timesOf('from=3000&to=6000')).toEqual([5_000, 4_000, 3_000])
  })

  test('of an application without any is empty; of none that is known, or of one that was deleted, there is none', async () => {
    const { log } = openTestLog()
    const app = await start(log, doubling)
    await app.close()
    const opened = await openDashboard(log)
    expect(await get<LetterListView>(opened, list)).toMatchObject({ letters: [], older: null, newer: null })
    expect(await get<ReasonsView>(opened, '/api/dead-letters/app/reasons')).toMatchObject({ reasons: [], fromMs: null })
    await log.admin.deleteApplication('app')
    for (const path of [list, '/api/dead-letters/app/reasons', `${list}/0/0`]) {
      expect([path, (await ask(opened, path)).status]).toEqual([path, 404])
    }
  })

  test('refuses what makes no sense', async () => {
    const { opened } = await world(1)
    for (const query of ['limit=0', 'limit=201', 'older=x', 'from=-1', 'newer=0', 'to=tomorrow']) {
      expect([query, (await ask(opened, `${list}?${query}`)).status]).toEqual([query, 400])
    }
    expect(await ask(opened, `${list}/0/x`)).toMatchObject({ status: 400 })
    expect(await ask(opened, `${list}/0/7`)).toMatchObject({ status: 404 })
    expect(await ask(opened, `${list}/3/0`)).toMatchObject({ status: 404 })
  })
})

test('a letter in full is its record beside its error, with its own headers and the value as it may be typed', async () => {
  const { log, opened } = await world(3)
  const letter = await get<FullLetterView>(opened, `${list}/0/1`)
  expect(letter).toMatchObject({
    topic: 'app.dead-letters',
    reason: 'undecodable',
    operator: 'double',
    kind: 'record',
    source: { topic: 'numbers', partition: 0, offset: 1 },
    outcome: 'sent',
    newestMs: 2_000,
    editable: 'bad 1',
    record: { key: { text: 'k1' }, value: { hex: Buffer.from('bad 1').toString('hex') }, timestampMs: 1_000 },
  })
  expect(letter.record.headers).toEqual([{ key: 'trace', value: 't1' }])
  await log.admin.deadLetters('app').redrive([{ partition: 0, offset: 1 }])
  expect(await get<FullLetterView>(opened, `${list}/0/1`)).toMatchObject({ outcome: 'alreadySent' })
})

test('reasons are counted by operator and over event time, of those that fit', async () => {
  const { log } = openTestLog()
  const other = topic('words', { key: string(), value: string() })
  const both = topologyOf((builder) => {
    builder
      .stream(topic('numbers', { key: string(), value: int64() }))
      .mapValues(({ value }) => value, { name: 'double' })
      .to(doubled)
    builder
      .stream(other)
      .mapValues(({ value }) => value.repeat(-1), { name: 'repeat' })
      .to(topic('repeated', { key: string(), value: string() }))
  })
  const app = await start(log, both, { onError: 'deadLetter' })
  await sendBad(log, 60)
  await log.producer().send(other, { key: 'a', value: 'b', timestamp: 59_000 })
  await app.caughtUp()
  const opened = await openDashboard(log)
  const reasons = await get<ReasonsView>(opened, '/api/dead-letters/app/reasons')
  expect(reasons).toMatchObject({ letters: 61, fromMs: 0, toMs: 59_000, isCutShort: false })
  expect(reasons.reasons.map(({ reason, operator, letters }) => [reason, operator, letters])).toEqual([
    ['undecodable', 'double', 60],
    ['user_function_threw', 'repeat', 1],
  ])
  const [bad, thrown] = reasons.reasons
  expect(bad?.times.reduce((sum, count) => sum + count, 0)).toBe(60)
  expect(bad?.times.every((count) => count === 2)).toBe(true)
  expect(thrown?.times).toEqual([...Array.from({ length: 29 }, () => 0), 1])
  const late = await get<ReasonsView>(opened, '/api/dead-letters/app/reasons?from=50000&reason=undecodable')
  expect(late).toMatchObject({ letters: 10, fromMs: 50_000 })
})

test('of very many reasons the most frequent are told, and how many letters the others have', async () => {
  const { log } = openTestLog()
  await withLetters(log, 0)
  await writeLetters(log, 4, 0, () => 'frequent')
  await writeLetters(log, 250, 4, (at) => `rare ${at}`)
  const opened = await openDashboard(log)
  const found = await get<ReasonsView>(opened, '/api/dead-letters/app/reasons')
  expect(found.reasons).toHaveLength(100)
  expect(found.reasons[0]).toMatchObject({ reason: 'frequent', letters: 4 })
  expect(found).toMatchObject({ letters: 254, leftOut: { reasons: 151, letters: 151 }, isCutShort: false })
  const one = await get<ReasonsView>(opened, '/api/dead-letters/app/reasons?reason=rare%20200')
  expect(one).toMatchObject({ reasons: [{ reason: 'rare 200' }], leftOut: { reasons: 0, letters: 0 } })
})

test('how many there are is live', async () => {
  const { log } = openTestLog()
  const app = await start(log, doubling, { onError: 'deadLetter' })
  await sendBad(log, 1)
  await app.caughtUp()
  const opened = await openDashboard(log)
  const seen: number[] = []
  for await (const { data } of events<LiveEvent>(opened, '/api/live')) {
    const part = data.parts['letters/app'] as LettersView | undefined
    if (part === undefined) continue
    seen.push(part.letters)
    if (part.letters > 1) break
    await sendBad(log, 1, 1)
  }
  expect(seen).toEqual([1, 2])
})

describe('sending again', () => {
  test('with another value sends that, as it is typed for the serde of the topic', async () => {
    const { log } = await world(2)
    const opened = await changing(log)
    const letter = { partition: 0, offset: 1 }
    for (const value of ['x', '1.5', '', '9'.repeat(20)]) {
      const { status, body } = await change<ErrorView>(opened, send, { letter, value })
      expect([value, status, body.error.code]).toEqual([value, 400, 'bad_option'])
      expect(body.error.message).toMatch(/^the value /)
    }
    for (const value of [7, undefined, {}, true]) {
      expect([value, (await change(opened, send, { letter, value })).status]).toEqual([value, 400])
    }
    expect(await change<SentView>(opened, send, { letter, value: '21' })).toMatchObject({ body: { sent: 1 } })
    expect(await change<SentView>(opened, send, { letter, value: '22' })).toMatchObject({ body: { alreadySent: 1 } })
    const app = await start(log, doubling, { onError: 'deadLetter' })
    await app.caughtUp()
    expect(await doubledOf(log)).toEqual([42])
  })

  test('of all that fit a filter goes on in steps, and leaves what comes meanwhile', async () => {
    const { log } = openTestLog()
    await withManyLetters(log, 700)
    const opened = await changing(log)
    const filter = { reason: ['undecodable'], to: 650_000 }
    const first = await change<SentView>(opened, send, { filter })
    expect(first.body).toMatchObject({ sent: 500, next: { from: placed(500), upTo: placed(700) } })
    await writeLetters(log, 40) // what was sent has failed again
    const second = await change<SentView>(opened, send, { filter, ...first.body.next })
    expect(second.body).toMatchObject({ sent: 150, next: null })
    const all = await change<SentView>(opened, send, { filter: {}, from: placed(600), upTo: placed(700) })
    expect(all.body).toMatchObject({ sent: 50, alreadySent: 50, next: null })
  })

  test('of all that fit a filter sends those that are there when retention takes some after they were found', async () => {
    const { log } = openTestLog()
    await withManyLetters(log, 40)
    const opened = await changing(log)
    const deadLetters = log.admin.deadLetters.bind(log.admin)
    vi.spyOn(log.admin, 'deadLetters').mockImplementation((...given) => {
      const dead = deadLetters(...given)
      const redrive = dead.redrive.bind(dead)
      vi.spyOn(dead, 'redrive').mockImplementation(async (...found) => {
        await log.admin.deleteRecords('app.dead-letters', [{ partition: 0, beforeOffset: 3 }])
        return redrive(...found)
      })
      return dead
    })
    const { status, body } = await change<SentView>(opened, send, { filter: {} })
    expect(status).toBe(200)
    expect(body).toMatchObject({ sent: 37, gone: [0, 1, 2].map((offset) => ({ partition: 0, offset })), next: null })
    expect((await change<SentView>(opened, send, { filter: {} })).body).toMatchObject({ sent: 0, alreadySent: 37 })
  })

  test('by a filter that makes no sense sends nothing', async () => {
    const { log } = await world(1)
    const opened = await changing(log)
    for (const filter of [null, 7, [], { reasons: ['x'] }, { reason: 7 }, { from: '1' }, { topic: 7 }]) {
      expect([filter, (await change(opened, send, { filter })).status]).toEqual([filter, 400])
    }
    for (const place of [{ from: 7 }, { upTo: 'x' }, { letters: [] }]) {
      expect([place, (await change(opened, send, { filter: {}, ...place })).status]).toEqual([place, 400])
    }
    expect(await get<LetterListView>(await openDashboard(log), list)).toMatchObject({ letters: [{ outcome: 'sent' }] })
  })
})
