// `millrace demo`: each runs to its end and claims what it should, says so when something is wrong, and leaves nothing.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { openLog, systemClock, type Topic } from 'millrace'
import { type Counts, differenceOf, requests } from '../../src/command/demo/click-counts.ts'
import { payments } from '../../src/command/demo/orders.ts'
import { midnight, visits } from '../../src/command/demo/page-counts.ts'
import { runCommand } from '../../src/command/run-command.ts'
import { Gathered, noScripts, runInProcess } from '../support/command.ts'
import { compiledCommand } from '../support/compiled.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const now = { clock: systemClock }

interface Claim {
  readonly claim: string
  readonly counted: number
  readonly byHand: number
  readonly holds: boolean
}

const rowsOf = (stdout: string): Claim[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Claim)

test.each([
  ['orders', 5],
  ['replay', 6],
])('demo %s: every figure is the one by hand, and its directory goes away', async (name, claims) => {
  const dir = join(temporaryDirectory(), 'demo')
  const { code, stdout, stderr } = await runInProcess(['demo', name, '--json', '--dir', dir], now)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const rows = rowsOf(stdout)
  expect(rows).toHaveLength(claims)
  for (const row of rows) expect(row).toMatchObject({ counted: row.byHand, holds: true })
  for (const { byHand } of rows) expect(byHand).toBeGreaterThan(0)
  expect(existsSync(dir)).toBe(false)
})

test('a directory is used that is empty, stays with --keep, and is refused when something is in it', async () => {
  const dir = temporaryDirectory()
  const log = join(dir, 'log')
  await runInProcess(['demo', 'orders', '-n', '1', '--dir', dir], now)
  expect(readdirSync(dir)).toEqual([])
  const kept = await runInProcess(['demo', 'orders', '-n', '1', '--dir', dir, '--keep'], now)
  expect(kept.stdout).toMatch(new RegExp(`kept: millrace ui --dir ${log} shows it\\n$`))
  const { stdout } = await runInProcess(['topic', 'list', '--json', '--dir', log])
  expect(stdout).toContain('"settled-orders"')
  for (const name of ['clicks', 'orders', 'replay']) {
    const refused = await runInProcess(['demo', name, '--dir', dir], now)
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain('is not empty')
  }
  expect(readdirSync(dir)).toEqual(['log'])
})

/** Does something when the demo says something, before the demo goes on. */
class Meddler extends Writable {
  text = ''
  readonly #when: RegExp
  readonly #act: () => Promise<void>
  #isDone = false

  constructor(when: RegExp, act: () => Promise<void>) {
    super({ decodeStrings: false, highWaterMark: 1 })
    this.#when = when
    this.#act = act
  }

  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.text += chunk.toString()
    if (this.#isDone || !this.#when.test(this.text)) return done()
    this.#isDone = true
    this.#act().then(() => done(), done)
  }
}

const send = async <V>(log: string, to: Topic<string, V>, key: string, value: V, timestamp: number): Promise<void> => {
  await using meddled = await openLog(log, { maintenance: false })
  await meddled.producer().send(to, { key, value, timestamp })
}

test.each([
  [
    'orders',
    /payments are in the log/,
    (log: string) => send(log, payments, 'order-0', 1_000_000, Date.UTC(2025, 2, 4, 9, 1)),
    'late payments, dropped',
  ],
  [
    'replay',
    /v1 has counted/,
    (log: string) => send(log, visits, 'x', { page: '/', agent: 'x' }, midnight - 1),
    'last hour of /, v1',
  ],
  [
    'clicks -n 3000',
    /kill -9 past 20%/,
    (log: string) => send(log, requests, 'x', { method: 'GET', page: '/', status: 200 }, Date.UTC(2025, 2, 4, 9, 30)),
    'the counts do not match the input',
  ],
])('demo %s: a record too many is found, and ends it with 1', async (line, when, act, complaint) => {
  const dir = join(temporaryDirectory(), 'demo')
  const stdout = new Meddler(when, () => act(join(dir, 'log')))
  const stderr = new Gathered()
  const signal = new AbortController().signal
  const self = [process.execPath, compiledCommand()]
  const host = {
    stdin: () => new PassThrough(),
    stdout,
    stderr,
    env: {},
    clock: systemClock,
    signal,
    self,
    scripts: noScripts,
  }
  expect(await runCommand(['demo', ...line.split(' '), '--dir', dir], host)).toBe(1)
  expect(stderr.text).toContain(complaint)
  if (line.startsWith('clicks')) expect(stdout.text).toMatch(/\n0 lost, 1 doubled\n$/)
  expect(existsSync(dir)).toBe(false)
})

test('a click that is lost is no click that is doubled elsewhere', () => {
  const counts = (...rows: readonly (readonly [string, number, number])[]): Counts => {
    const made = new Map<string, Map<number, number>>()
    for (const [page, minute, count] of rows) made.set(page, (made.get(page) ?? new Map()).set(minute, count))
    return made
  }
  const expected = counts(['/', 0, 3], ['/', 1, 1], ['/a', 0, 2])
  expect(differenceOf(expected, expected)).toEqual({ lost: 0, doubled: 0 })
  expect(differenceOf(expected, counts(['/', 0, 2], ['/', 1, 2], ['/b', 0, 1]))).toEqual({ lost: 3, doubled: 2 })
  expect(differenceOf(expected, counts())).toEqual({ lost: 6, doubled: 0 })
})

const start = (argv: readonly string[]): ChildProcess => {
  const child = spawn(process.execPath, [compiledCommand(), ...argv])
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

const accessLog = `10.0.0.1 - - [04/Mar/2025:07:59:58 +0000] "GET /a?q=1 HTTP/1.1" 200 512
10.0.0.2 - ann [04/Mar/2025:08:59:59 +0100] "GET /a HTTP/1.1" 200 94 "-" "Mozilla/5.0"
10.0.0.2 - - [04/Mar/2025:08:00:00 +0000] "POST /a HTTP/1.1" 200 94 "-" "Mozilla/5.0"
10.0.0.2 - - [04/Mar/2025:07:00:00 +0000] "GET /b HTTP/1.1" 404 94 "-" "Mozilla/5.0"
none of an access log
10.0.0.1 - - [04/Mar/2025:07:01:00 +0000] "GET /b HTTP/1.1" 200 0
`

test('demo clicks counts an access log, killed three times, and nothing is lost or doubled', async () => {
  const dir = temporaryDirectory()
  writeFileSync(join(dir, 'access.log'), accessLog.repeat(200))
  const child = start(['demo', 'clicks', '--file', join(dir, 'access.log'), '--json', '--dir', join(dir, 'demo')])
  let text = ''
  child.stdout?.on('data', (data: Buffer) => (text += data.toString()))
  expect(await once(child, 'close')).toEqual([0, null])
  expect(JSON.parse(text)).toEqual({
    requests: 1_000,
    malformed: 200,
    clicks: 600,
    counts: 2,
    kills: 3,
    lost: 0,
    doubled: 0,
    strays: 0,
  })
  expect(readdirSync(dir)).toEqual(['access.log'])
})

test('a file that is no access log, or no file, is refused', async () => {
  const dir = temporaryDirectory()
  writeFileSync(join(dir, 'a'), '{"json": true}\n')
  mkdirSync(join(dir, 'b'))
  for (const [name, complaint] of [
    ['a', 'has no line in Common or Combined Log Format'],
    ['b', 'cannot read'],
    ['c', 'cannot read'],
  ] as const) {
    const ran = await runInProcess(['demo', 'clicks', '--file', join(dir, name)], now)
    expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(complaint) as string })
  }
})

test('Ctrl-C ends it with 130 and nothing left', async () => {
  const dir = join(temporaryDirectory(), 'demo')
  const child = start(['demo', 'clicks', '--dir', dir])
  let text = ''
  for await (const data of child.stdout ?? []) {
    text += String(data)
    if (text.includes('It is killed three times')) break
  }
  child.kill('SIGINT')
  expect(await once(child, 'close')).toEqual([130, null])
  expect(existsSync(dir)).toBe(false)
})

test('a worker that ends by itself ends the demo, with its complaint', async () => {
  const stderr = new Gathered()
  const self = [process.execPath, '--eval', 'console.error("no room"); process.exitCode = 7', '--']
  const signal = new AbortController().signal
  const host = {
    stdin: () => new PassThrough(),
    stdout: new Gathered(),
    stderr,
    env: {},
    clock: systemClock,
    signal,
    self,
    scripts: noScripts,
  }
  expect(await runCommand(['demo', 'clicks', '-n', '100'], host)).toBe(1)
  expect(stderr.text).toBe('millrace: the worker ended with 7: no room\n')
})

/** Presses keys on a terminal as soon as it shows something. */
class Pressing extends Gathered {
  readonly #keyboard: PassThrough
  readonly #keys: (readonly [shown: string, key: string])[]

  constructor(keyboard: PassThrough, keys: readonly (readonly [shown: string, key: string])[]) {
    super(80)
    this.#keyboard = keyboard
    this.#keys = [...keys]
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: () => void): void {
    const [next] = this.#keys
    if (next !== undefined && chunk.toString().includes(next[0])) this.#keyboard.write(this.#keys.shift()?.[1])
    super._write(chunk, encoding, done)
  }
}

test('k kills the process that counts at once, and it goes on', async () => {
  const dir = join(temporaryDirectory(), 'demo')
  const raw: boolean[] = []
  const keyboard = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (isRaw: boolean) => raw.push(isRaw) })
  const stdout = new Gathered(80)
  const stderr = new Pressing(keyboard, [
    ['not killed yet', 'k'],
    ['killed once', 'kk'],
  ])
  const self = [process.execPath, compiledCommand()]
  const signal = new AbortController().signal
  const host = { stdin: () => keyboard, stdout, stderr, env: {}, clock: systemClock, signal, self, scripts: noScripts }
  expect(await runCommand(['demo', 'clicks', '-n', '3000', '--for', '1s', '--dir', dir], host)).toBe(0)
  expect(stdout.text).toContain('Press k to kill it, as often as you like, or q to quit.')
  expect(stdout.text).toMatch(/live page: npx millrace ui --dir \//)
  expect(stdout.text).toContain('The process was killed 3 times.')
  expect(stdout.text).toMatch(/\n0 lost, 0 doubled\n$/)
  expect(raw).toEqual([true, false])
  expect(existsSync(dir)).toBe(false)
})

/** The demo on a pseudo-terminal, until keys end it: what it shows. */
async function onTerminal(keys: readonly (readonly [shown: string, key: string])[], dir: string): Promise<string> {
  const line = `'${process.execPath}' '${compiledCommand()}' demo clicks --for 1h --dir '${dir}'; echo "exit $?"`
  const child = spawn('script', ['-qfc', line, '/dev/null'])
  onTestFinished(() => void child.kill('SIGKILL'))
  const left = [...keys]
  let text = ''
  child.stdout.on('data', (data: Buffer) => {
    text += data.toString()
    if (left[0] !== undefined && text.includes(left[0][0])) child.stdin.write(left.shift()?.[1] ?? '')
  })
  await once(child, 'close')
  return text
}

test('on a terminal k kills, and q or Ctrl-C quits and leaves nothing', async (context) => {
  if (spawnSync('script', ['--version']).error !== undefined) return context.skip('there is no script(1) here')
  const dir = join(temporaryDirectory(), 'demo')
  for (const key of ['q', '\u0003']) {
    const shown = await onTerminal(
      [
        ['not killed yet', 'k'],
        ['killed once', key],
      ],
      dir,
    )
    expect(shown).toContain('stopped before the end: nothing was compared')
    expect(shown).toContain('exit 0')
    expect(existsSync(dir)).toBe(false)
  }
})

test('the process that counts ends when it is stopped before it has started', async () => {
  const dir = temporaryDirectory()
  const log = await openLog(dir)
  await log.close()
  const stdin = new PassThrough() // it stays open
  const { code } = await runInProcess(['__count-clicks', '--dir', dir], { ...now, stdin, signal: AbortSignal.abort() })
  expect(code).toBe(0)
})
