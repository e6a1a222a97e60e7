// What the dashboard changes, and for whom: each rule with the attack that it is there for.
import { once } from 'node:events'
import { request } from 'node:http'
import { type Log, openLog } from 'millrace'
import { dashboard, type Dashboard } from 'millrace/dashboard'
import { describe, expect, test } from 'vitest'
import type { SentView } from '../../src/dashboard/letter-views.ts'
import type { ChangesView, ErrorView } from '../../src/dashboard/views.ts'
import { ask, change, changing, get, openDashboard, token } from '../support/dashboards.ts'
import { withLetters } from '../support/dead-letters.ts'
import { openTestLog } from '../support/open.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { rejectionOf } from '../support/thrown.ts'

const send = '/api/dead-letters/app/send'
const first = JSON.stringify({ letters: [{ partition: 0, offset: 0 }] })

/** A dashboard that may change things, over an application with three dead letters. */
async function openToChange(): Promise<{ readonly log: Log; readonly opened: Dashboard }> {
  const { log } = openTestLog()
  await withLetters(log, 3)
  return { log, opened: await openDashboard(log, { allowChanges: true, token }) }
}

/** How many letters were sent again. */
async function sentOf({ admin }: Log): Promise<number> {
  const { alreadySent } = await admin.deadLetters('app').redrive({}, { dryRun: true })
  return alreadySent
}

function codeOf(text: string): string {
  return (JSON.parse(text) as ErrorView).error.code
}

/** The cookie of a browser that has signed in. */
async function cookieOf(opened: Dashboard): Promise<string> {
  const { headers } = await ask(opened, `/?token=${token}`)
  return headers['set-cookie']?.[0]?.split(';')[0] ?? ''
}

describe('a dashboard that may change things', () => {
  test('has a token, at a loopback address too', async () => {
    const { log } = openTestLog()
    const given = { port: 0, allowChanges: true }
    for (const options of [given, { ...given, token: 'short' }, { ...given, token, allowChanges: 'yes' as never }]) {
      expect(await rejectionOf(dashboard(log, options))).toMatchObject({ code: 'bad_option' })
    }
  })

  test('is on a log that may be written', async () => {
    const dir = temporaryDirectory()
    await using _ = await openLog(dir, { maintenance: false })
    await using log = await openLog(dir, { readOnly: true })
    expect(await rejectionOf(dashboard(log, { port: 0, allowChanges: true, token }))).toMatchObject({
      code: 'read_only',
    })
  })

  test('says so to the page, and one that may not does too', async () => {
    const { log } = openTestLog()
    const opened = await openDashboard(log)
    expect(await get<ChangesView>(opened, '/api/changes')).toEqual({ isAllowed: false })
    const open = await openDashboard(log, { allowChanges: true, token })
    const { text } = await ask(open, '/api/changes', changing)
    expect(JSON.parse(text)).toEqual({ isAllowed: true })
  })
})

describe('a change', () => {
  test('is made for who knows the token: a program by header, the page by its cookie', async () => {
    const { log, opened } = await openToChange()
    expect(await change<SentView>(opened, send, { letters: [{ partition: 0, offset: 0 }] })).toEqual({
      status: 200,
      body: {
        did: '1 record sent again.',
        sent: 1,
        alreadySent: 0,
        noRecord: 0,
        notRead: 0,
        topicGone: 0,
        gone: [],
        next: null,
      },
    })
    const page = {
      cookie: await cookieOf(opened),
      origin: `http://127.0.0.1:${opened.port}`,
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/json; charset=utf-8',
    }
    const second = JSON.stringify({ letters: [{ partition: 0, offset: 1 }] })
    expect(await ask(opened, send, page, 'POST', second)).toMatchObject({ status: 200 })
    expect(await sentOf(log)).toBe(2)
  })

  test('is refused to who does not, and to a page of elsewhere that has the cookie sent along', async () => {
    const { log, opened } = await openToChange()
    const type = { 'content-type': 'application/json' }
    const cookie = await cookieOf(opened)
    const own = `http://127.0.0.1:${opened.port}`
    const attacks: readonly (readonly [status: number, code: string, headers: Record<string, string>])[] = [
      [401, 'token_needed', {}],
      [401, 'token_needed', { origin: own, 'sec-fetch-site': 'same-origin' }],
      [401, 'token_needed', { authorization: `Bearer ${token}x` }],
      [401, 'token_needed', { cookie: `${cookie}0`, origin: own }],
      [403, 'cross_origin', { cookie }],
      [403, 'cross_origin', { cookie, 'sec-fetch-site': 'none' }],
      [403, 'cross_origin', { cookie, origin: 'null' }],
      [403, 'cross_origin', { cookie, origin: 'https://evil.example.org' }],
      [403, 'cross_origin', { cookie, origin: `http://127.0.0.1:${opened.port + 1}` }],
      [403, 'cross_origin', { cookie, origin: `http://localhost:${opened.port}` }],
      [403, 'cross_origin', { cookie, origin: own, 'sec-fetch-site': 'cross-site' }],
      [403, 'cross_origin', { cookie, origin: own, 'sec-fetch-site': 'same-site' }],
      [403, 'cross_origin', { authorization: `Bearer ${token}`, origin: 'https://evil.example.org' }],
      [403, 'host_refused', { authorization: `Bearer ${token}`, host: 'evil.example.org' }],
    ]
    for (const [status, code, headers] of attacks) {
      const answer = await ask(opened, send, { ...type, ...headers }, 'POST', first)
      expect([headers, answer.status, codeOf(answer.text)]).toEqual([headers, status, code])
    }
    const inAddress = await ask(opened, `${send}?token=${token}`, { ...type, origin: own }, 'POST', first)
    expect(inAddress.status).toBe(401)
    expect(await sentOf(log)).toBe(0)
  })

  test('is JSON that says so: what a form can send is refused', async () => {
    const { log, opened } = await openToChange()
    const { 'content-type': _, ...bare } = changing
    const types = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/plain; application/json',
      'application/json, text/plain',
      'application/json; charset=utf-16',
      '',
    ]
    for (const type of types) {
      const { status, text } = await ask(opened, send, { ...bare, 'content-type': type }, 'POST', first)
      expect([type, status, codeOf(text)]).toEqual([type, 415, 'type_refused'])
    }
    expect(await ask(opened, send, bare, 'POST', first)).toMatchObject({ status: 415 })
    const packed = { ...changing, 'content-encoding': 'gzip' }
    expect(await ask(opened, send, packed, 'POST', first)).toMatchObject({ status: 415 })
    expect(await sentOf(log)).toBe(0)
  })

  test('is asked for by POST alone, at its own address', async () => {
    const { log, opened } = await openToChange()
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const { status, headers } = await ask(opened, send, changing, method)
      expect([method, status, headers.allow]).toEqual([method, 405, 'POST'])
      expect(headers['access-control-allow-origin']).toBeUndefined()
    }
    for (const path of [
      '/',
      '/api/overview',
      '/api/dead-letters/app',
      '/api/changes',
      `${send}/more`,
      '/api/nowhere',
    ]) {
      expect([path, (await ask(opened, path, changing, 'POST', first)).status]).toEqual([path, 405])
    }
    expect(await sentOf(log)).toBe(0)
  })

  test('is refused by a dashboard that only reads, with the token too', async () => {
    const { log } = openTestLog()
    await withLetters(log, 1)
    for (const options of [{}, { token }]) {
      const opened = await openDashboard(log, options)
      const { status, text } = await ask(opened, send, changing, 'POST', first)
      expect([status, codeOf(text)]).toEqual([403, 'changes_off'])
    }
    expect(await sentOf(log)).toBe(0)
  })

  test('is not too large, whether it says how large it is or not, and is answered before it has come whole', async () => {
    const { opened } = await openToChange()
    const asking = { host: '127.0.0.1', port: opened.port, path: send, method: 'POST' }
    const announced = request({ ...asking, headers: { ...changing, 'content-length': 1_024 * 1_024 + 1 } })
    announced.on('error', () => undefined) // it is cut off
    announced.flushHeaders()
    const [refused] = (await once(announced, 'response')) as [{ statusCode: number; headers: { connection: string } }]
    expect([refused.statusCode, refused.headers.connection]).toEqual([413, 'close'])
    const endless = request({ ...asking, headers: changing })
    endless.on('error', () => undefined)
    endless.write(Buffer.alloc(1_024 * 1_024 + 1, ' '))
    const [answer] = (await once(endless, 'response')) as [{ statusCode: number }]
    expect(answer.statusCode).toBe(413)
    endless.destroy()
  })

  test('is checked before anything is done', async () => {
    const { log, opened } = await openToChange()
    const one = { partition: 0, offset: 0 }
    const bad: readonly unknown[] = [
      {},
      { letters: [] },
      { letters: 7 },
      { letters: [null] },
      { letters: [{ partition: 0 }] },
      { letters: [{ partition: -1, offset: 0 }] },
      { letters: [{ partition: 0, offset: '0' }] },
      { letters: [one], more: true },
      { letters: Array.from({ length: 501 }, () => one) },
      [one],
      null,
      'text',
    ]
    for (const body of bad) {
      const { status, text } = await ask(opened, send, changing, 'POST', JSON.stringify(body))
      expect([body, status, codeOf(text)]).toEqual([body, 400, 'bad_option'])
      expect(text).not.toContain('Cannot read properties') // which is no answer to what was asked
    }
    for (const text of ['', '{', '{"letters":', Buffer.from([0x22, 0xff, 0x22])]) {
      expect(await ask(opened, send, changing, 'POST', text)).toMatchObject({ status: 400 })
    }
    expect(await sentOf(log)).toBe(0)
  })

  test('of letters of which retention has taken some sends the others, and names those that are gone', async () => {
    const { log, opened } = await openToChange()
    await log.admin.deleteRecords('app.dead-letters', [{ partition: 0, beforeOffset: 2 }])
    const placeOf = (offset: number) => ({ partition: 0, offset })
    const { status, body } = await change<SentView>(opened, send, { letters: [0, 1, 2].map(placeOf) })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      did: '1 record sent again. Not sent: 2 letters no longer there: 0:0, 0:1.',
      sent: 1,
      gone: [placeOf(0), placeOf(1)],
    })
    expect(await sentOf(log)).toBe(1)
    const never = await change<ErrorView>(opened, send, { letters: [2, 3].map(placeOf) })
    expect([never.status, never.body.error.code]).toEqual([404, 'letter_unknown'])
    await log.admin.deleteApplication('app')
    const gone = await change<ErrorView>(opened, send, { letters: [{ partition: 0, offset: 2 }] })
    expect([gone.status, gone.body.error.code]).toEqual([404, 'application_unknown'])
  })

  test('that is asked for twice at once is made once, and the second answer says so', async () => {
    const { log, opened } = await openToChange()
    const asked = {
      letters: [
        { partition: 0, offset: 0 },
        { partition: 0, offset: 1 },
      ],
    }
    const answers = await Promise.all([1, 2, 3].map(() => change<SentView>(opened, send, asked)))
    const counts = answers.map(({ body }) => `${body.sent} sent, ${body.alreadySent} before`)
    expect(counts.toSorted()).toEqual(['0 sent, 2 before', '0 sent, 2 before', '2 sent, 0 before'])
    expect(answers.map(({ body }) => body.did)).toContain('No record was sent. Not sent: 2 letters sent before.')
    expect(await sentOf(log)).toBe(2)
    expect(await log.admin.endOffsets('numbers@@app')).toEqual([2])
  })
})
