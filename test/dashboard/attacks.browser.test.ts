// Attacks in a real browser: text that would be markup, commands or another direction anywhere in a log, and a page of
// another site that wants to know what is here.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  int64,
  json,
  keyValueStore,
  type Log,
  openLog,
  type Serde,
  startStreams,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
  windowStore,
} from 'millrace'
import type { Dashboard } from 'millrace/dashboard'
import type { Page } from 'playwright-core'
import { describe, expect, onTestFinished } from 'vitest'
import { letterHeader } from '../../src/core/letter-headers.ts'
import { openDashboard } from '../support/dashboards.ts'
import { openPage, test, waitMs } from '../support/pages.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

async function openWorld(): Promise<{ log: Log; opened: Dashboard }> {
  const log = await openLog(temporaryDirectory(), { maintenance: false })
  onTestFinished(() => log.close())
  return { log, opened: await openDashboard(log) }
}

const marks = {
  script: '<script>globalThis.pwned = 1</script>',
  image: '<img src=x onerror="globalThis.pwned = 1">',
  link: '<a href="javascript:globalThis.pwned=1">x</a>',
  attribute: '" onmouseover="globalThis.pwned = 1" x="',
  template: '{{constructor.constructor("globalThis.pwned=1")()}}',
  ansi: '\u001b[31mred\u001b]0;title\u0007',
  direction: 'a\u202etxt.exe\u2066\u200f',
  nul: 'before\u0000after',
  lines: 'one\r\ntwo\u2028three\u0085four',
  invisible: 'a\u200bb\ufeffc\u00add',
  tags: '\u{e0041}\u{e0042}',
}
const hostile = Object.values(marks).join(' ')
/** What is in it, as it has to be shown. */
const shownParts = ['<script>globalThis.pwned', '\\u001b[31m', '\\u202etxt.exe', 'before\\u0000after', '\\u2028three']

/** The serde of a program, whose name is as odd. */
const odd: Serde<string> = {
  name: hostile,
  encode: (text) => Buffer.from(text),
  decode: (all) => Buffer.from(all).toString(),
}

/** Hostile keys, values, headers, JSON, names of serdes, rows, windows, errors, and letters that no application wrote. */
async function fill(log: Log): Promise<void> {
  const textual = (name: string) => topic(name, { key: string(), value: string() })
  const [lines, broken, letters] = [textual('lines'), textual('broken'), textual('shop.dead-letters')] as const
  const trees = topic('trees', { key: odd, value: json<unknown>() })
  const record = { key: hostile, value: hostile, timestamp: 0, headers: [{ key: hostile, value: hostile }] }
  const producer = log.producer()
  await producer.send(lines, record)
  await producer.send(broken, record)
  await producer.send(trees, { key: hostile, value: { [hostile]: [hostile, { ['__proto__']: hostile }] } })
  const builder = new StreamsBuilder()
  const byKey = builder.stream(lines).groupByKey()
  byKey.reduce((_, value) => value, { store: keyValueStore('last', { key: string(), value: string() }) })
  byKey
    .windowedBy(TimeWindows.of({ size: 1_000 }))
    .count({ store: windowStore('seconds', { key: string(), value: int64() }) })
  builder
    .stream(broken)
    .filter(({ value }) => {
      if (value.length > 0) throw new Error(hostile)
      return true
    })
    .to(textual('copied'))
  const app = await startStreams(builder.build(), { log, applicationId: 'shop', onError: 'deadLetter' })
  onTestFinished(() => app.close())
  await app.caughtUp()
  const facts = (['reason', 'message', 'operator'] as const).map((fact) => letterHeader(fact, hostile))
  await producer.send(letters, { ...record, headers: [...record.headers, ...facts] })
}

/** Everything of a page that is text: its title, and what it says to those who cannot see it, included. */
function textOf(page: Page): Promise<string> {
  return page.evaluate<string>(`[
    document.title,
    document.body.textContent,
    ...[...document.querySelectorAll('*')].flatMap((element) =>
      ['aria-label', 'title', 'alt', 'datetime', 'class'].map((name) => element.getAttribute(name) ?? '')),
  ].join('\\n')`)
}

// The line break is the page's own; all others are written out.
const unseen = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/** An address, and whether the hostile text has to be there, as text. */
type View = readonly [path: string, shows: 'all of it' | 'what it likes']

async function lookAt(views: readonly View[]): Promise<void> {
  const { log, opened } = await openWorld()
  await fill(log)
  const { page, complaints } = await openPage(opened)
  for (const [path, shows] of views) {
    await page.goto(new URL(path, opened.url).href)
    await page.locator('main h1').first().waitFor()
    const wanted = shows === 'all of it' ? shownParts : []
    const missing = async (): Promise<readonly string[]> => {
      const text = await textOf(page)
      const isLoading = (await page.locator('.notice.loading').count()) > 0
      return [...wanted.filter((part) => !text.includes(part)), ...(isLoading ? ['an answer'] : [])]
    }
    await expect.poll(missing, { timeout: waitMs, message: path }).toEqual([])
    const found = {
      path,
      unseen: unseen
        .exec(await textOf(page))?.[0]
        .codePointAt(0)
        ?.toString(16),
      obeyed: await page.locator('main script, main img, [href^="javascript"], [onmouseover]').count(),
      pwned: await page.evaluate(() => 'pwned' in globalThis),
    }
    expect(found).toEqual({ path, unseen: undefined, obeyed: 0, pwned: false })
  }
  // That there is nothing at an address is what the browser says of some of these; all else would be ours.
  expect(complaints.filter((complaint) => !complaint.startsWith('Failed to load resource'))).toEqual([])
}

describe('hostile text', () => {
  test('in keys, values, headers, rows and errors is shown as text, and never obeyed', () =>
    lookAt([
      ['/', 'what it likes'],
      ['/topics/lines', 'all of it'],
      ['/topics/lines?record=0/0', 'all of it'],
      ['/topics/trees', 'all of it'],
      ['/topics/trees?record=0/0', 'all of it'],
      ['/topics/shop.dead-letters?record=0/0', 'all of it'],
      ['/applications/shop/v1', 'what it likes'],
      ['/stores/shop/last', 'all of it'],
      ['/stores/shop/seconds', 'all of it'],
      ['/groups/shop', 'what it likes'],
      ['/dead-letters', 'what it likes'],
      ['/dead-letters/shop', 'all of it'],
      ['/dead-letters/shop?letter=0/0', 'all of it'],
      ['/dead-letters/shop?letter=0/1', 'all of it'],
      ['/replays/shop', 'what it likes'],
    ]))

  const word = encodeURIComponent(hostile)

  test('in the path of a link is shown as text, and never obeyed', () =>
    lookAt([
      [`/${word}`, 'what it likes'],
      [`/topics/${word}`, 'all of it'],
      [`/groups/${word}`, 'all of it'],
      [`/applications/${word}`, 'all of it'],
      [`/applications/${word}/${word}`, 'all of it'],
      [`/stores/${word}/${word}`, 'all of it'],
      [`/stores/shop/${word}`, 'all of it'],
      [`/dead-letters/${word}`, 'all of it'],
      [`/replays/${word}`, 'all of it'],
    ]))

  test('in the question of a link is shown as text, and leads nowhere else', () =>
    lookAt([
      [`/topics/lines?key=${word}`, 'all of it'],
      [`/topics/lines?text=${word}`, 'all of it'],
      [`/topics/lines?offset=${word}`, 'what it likes'],
      [`/topics/lines?older=${word}`, 'what it likes'],
      [`/topics/lines?record=${word}`, 'all of it'],
      ['/topics/lines?record=../..', 'all of it'],
      [`/stores/shop/last?from=${word}`, 'all of it'],
      [`/applications/shop/v1?node=${word}`, 'what it likes'],
      [`/dead-letters/shop?reason=${word}`, 'all of it'],
      [`/dead-letters/shop?letter=${word}`, 'all of it'],
      ['/dead-letters/shop?letter=..', 'all of it'],
    ]))
})

/** What a script in the page tries, each as `what: how it ended`. */
const markup = `(() => {
  const tries = {
    innerHTML: () => { document.createElement('div').innerHTML = '<b>x</b>' },
    outerHTML: () => { document.querySelector('h1').outerHTML = '<b>x</b>' },
    insertAdjacentHTML: () => document.body.insertAdjacentHTML('beforeend', '<b>x</b>'),
    srcdoc: () => { document.createElement('iframe').srcdoc = '<b>x</b>' },
    parser: () => new DOMParser().parseFromString('<b>x</b>', 'text/html'),
    script: () => { document.createElement('script').src = '/x.js' },
    timer: () => setTimeout('globalThis.pwned = 1'),
    policy: () => trustedTypes.createPolicy('own', { createHTML: (text) => text }),
  }
  return Object.entries(tries).map(([what, attempt]) => {
    try {
      attempt()
      return what + ': done'
    } catch (error) {
      return what + ': ' + error.name
    }
  })
})()`

test('text becomes neither markup nor a script, whatever script would make it that', async () => {
  const { opened } = await openWorld()
  const { page, go } = await openPage(opened)
  await go('/')
  const came = await page.evaluate<readonly string[]>(markup)
  expect(came).toHaveLength(8)
  expect(came.filter((one) => one.endsWith(': done'))).toEqual([])
})

/** What a page of another site tries, each as `kind: what came of it`. */
const attack = `async (target) => {
  const loads = (tag, attributes) => new Promise((done) => {
    const element = Object.assign(document.createElement(tag), attributes)
    element.onload = () => done(tag + ': loaded')
    element.onerror = () => done(tag + ': failed')
    document.body.append(element)
  })
  const overview = target + '/api/overview'
  const stream = new Promise((done) => {
    const source = new EventSource(target + '/api/live', { withCredentials: true })
    source.addEventListener('parts', () => done('events: came'))
    source.onerror = () => { source.close(); done('events: failed') }
  })
  const socket = new Promise((done) => {
    const opened = new WebSocket(target.replace('http', 'ws') + '/api/live')
    opened.onopen = () => done('socket: opened')
    opened.onerror = () => done('socket: failed')
  })
  const fetched = (mode, init = {}) => fetch(overview, { mode, credentials: 'include', ...init }).then(
    (response) => response.text().then((text) => mode + ': ' + response.type + ' ' + text.length),
    () => mode + ': failed')
  const frame = new Promise((done) => {
    const element = document.createElement('iframe')
    element.src = target + '/'
    element.onload = () => done('frame: ' + (element.contentDocument === null ? 'closed' : 'open'))
    document.body.append(element)
  })
  const posted = fetch(overview, { method: 'POST', mode: 'no-cors', credentials: 'include', body: 'x' }).then(
    (response) => 'post: ' + response.type + ' ' + response.status, () => 'post: failed')
  return Promise.all([
    loads('script', { src: overview }), loads('img', { src: overview }), loads('link', { rel: 'stylesheet', href: overview }),
    stream, socket, fetched('cors'), fetched('no-cors'), fetched('cors', { headers: { 'X-Own': '1' } }), frame, posted,
  ])
}`

const learnt = [
  'script: failed',
  'img: failed',
  'link: failed',
  'events: failed',
  'socket: failed',
  'cors: failed',
  expect.stringMatching(/^no-cors: (?:failed|opaque 0)$/),
  'cors: failed',
  'frame: closed',
  expect.stringMatching(/^post: (?:failed|opaque 0)$/),
]

test('a page of another site in the same browser learns nothing, with a cookie or without', async () => {
  const token = 'sixteen-characters'
  const { log, opened } = await openWorld()
  const guarded = await openDashboard(log, { token })
  const site = createServer((_, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>elsewhere</title>')
  }).listen(0)
  onTestFinished(() => {
    site.close()
    site.closeAllConnections()
  })
  await once(site, 'listening')
  const { page } = await openPage(guarded)
  // The browser has the cookie of the one with a token, as that of a person who uses it.
  await page.goto(`${guarded.url}?token=${token}`)
  await page.getByText('No topics yet.').waitFor()
  const { port } = site.address() as AddressInfo
  // To a browser the first is another origin of the same site, which even has the cookie; the second is another site.
  for (const own of [`http://127.0.0.1:${port}/`, `http://localhost:${port}/`]) {
    await page.goto(own)
    for (const target of [opened, guarded]) {
      const granted: string[] = []
      page.removeAllListeners('response')
      page.on('response', (response) => {
        const url = new URL(response.url())
        const isAsked = url.port === String(target.port)
        if (isAsked && response.status() < 400) granted.push(`${response.request().resourceType()} ${url.pathname}`)
      })
      const came = await page.evaluate<readonly string[]>(`(${attack})('http://127.0.0.1:${target.port}')`)
      expect([own, came]).toEqual([own, learnt])
      expect([own, granted]).toEqual([own, []])
    }
  }
})
