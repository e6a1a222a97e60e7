// Records that are printed: from where it was said, as far as it was said, and harmless on a terminal.
import { expect, test } from 'vitest'
import { float64, int64, json, ManualClock, msgpack, openLog, seconds, string, topic, windowed } from 'millrace'
import { commandTimeMs, Gathered, type Ran, runInProcess, type RunOptions, noScripts } from '../support/command.ts'
import { commandWorld } from '../support/command-world.ts'
import { yieldToEventLoop } from '../../src/core/clock.ts'
import { runCommand } from '../../src/command/run-command.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

type Run = (argv: readonly string[], options?: RunOptions) => Promise<Ran>

async function world(): Promise<readonly [run: Run, data: string]> {
  const { data } = await commandWorld()
  return [(argv, options) => runInProcess(argv, { env: { MILLRACE_DIR: data }, ...options }), data]
}

const offsets = ['-f', '%t%o', '-e']

test.each([
  [['-o', 'start'], '012345'],
  [['-o', 'end'], ''],
  [['-o', '4'], '45'],
  [['-o', '99'], ''],
  [['-o', '-2'], '45'],
  [['-o', '-99'], '012345'],
  [['-o', '@-3m'], '345'],
  [['-o', '@2025-03-04T07:58:30Z'], '5'],
  [['-o', `@${commandTimeMs}`], ''],
  [['-n', '3'], '012'],
  [['-n', '3', '-o', '1'], '123'],
  [['-p', '1'], ''],
  [['-p', '0', '-o', '5'], '5'],
  [['--key', '10.0.0.2'], '14'],
  [['--grep', 'cart|help'], '145'],
  [['--grep', '0\\.3$'], '25'],
  [['--key', '10.0.0.2', '--grep', 'cart', '-n', '1'], '1'],
])('%j begins and ends where it says', async (options, expected) => {
  const [run] = await world()
  const ran = await run(['consume', 'clicks', ...offsets, ...options])
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  expect(ran.stdout.replaceAll(/clicks(\d)\n/g, '$1')).toBe(expected)
})

test('nothing that matches is its own exit code', async () => {
  const [run] = await world()
  expect(await run(['consume', 'clicks', '-e', '--key', 'none'])).toEqual({ code: 3, stdout: '', stderr: '' })
  expect(await run(['consume', 'raw', '-e'])).toEqual({ code: 0, stdout: '', stderr: '' })
})

test('several topics are read, each to its end, and each once', async () => {
  const [run] = await world()
  const ran = await run(['consume', 'clicks', 'orders', 'clicks', 'raw', ...offsets])
  expect(ran.stdout.trim().split('\n').toSorted()).toEqual([
    'clicks0',
    'clicks1',
    'clicks2',
    'clicks3',
    'clicks4',
    'clicks5',
    'orders0',
    'orders1',
    'orders2',
  ])
})

test.each([
  [['-o', 'beginning'], 2, 'Expected start, end'],
  [['-o', '@-x'], 2, 'Expected a duration'],
  [['-f', '%x'], 2, 'A format has no %x'],
  [['-f', '%'], 2, 'A format has no %'],
  [['-f', '\\q'], 2, 'A format has no \\q'],
  [['--grep', '('], 2, 'Invalid regular expression'],
  [['-n', '0'], 2, 'Expected a whole number from 1 on'],
  [['-p', '2'], 2, 'has no partition 2'],
  [['-g', 'a', '-p', '0'], 2, 'leave out --partition'],
  [['-g', 'a', '-o', '5'], 2, 'start, end or @-AGE'],
])('%j cannot be meant', async (options, code, complaint) => {
  const [run] = await world()
  const ran = await run(['consume', 'clicks', '-e', ...options])
  expect(ran).toMatchObject({ code, stdout: '' })
  expect(ran.stderr).toContain(complaint)
})

test('a format says what is printed of a record, and each is a line unless it ends itself', async () => {
  const [run] = await world()
  const first = (format: string): Promise<Ran> => run(['consume', 'orders', '-n', '1', '--utc', '-f', format])
  expect((await first('%t %p %o %k=%v %T %d %h %%')).stdout).toBe(
    'orders 0 0 ann=1200 1741074600000 2025-03-04 07:50:00.000Z source=web %\n',
  )
  expect((await first('%v\\0')).stdout).toBe('1200\0')
  expect((await first('%k\\t%v\\n')).stdout).toBe('ann\t1200\n')
})

test('values are shown by the serde of their topic, and by what was asked for', async () => {
  const data = temporaryDirectory()
  const log = await openLog(data)
  const windows = windowed(string(), { size: seconds(60) })
  const at = { key: 'a', window: { start: 0, end: 60_000 } }
  const samples = [
    [topic('t1', { key: windows, value: int64() }), at, -5],
    [topic('t2', { key: windows, value: float64() }), at, 1.5],
    [topic('t3', { key: windows, value: msgpack<object>() }), at, { big: 2n ** 40n, bytes: Buffer.from([255]) }],
    [topic('t4', { key: windows, value: json<object>() }), at, { a: 'ä' }],
  ] as const
  for (const [to, key, value] of samples) await log.producer().send(to as never, { key, value })
  await log.close()
  const env = { MILLRACE_DIR: data }
  const shown = await Promise.all(
    ['t1', 't2', 't3', 't4'].map((name) => runInProcess(['consume', name, '-e', '-f', '%k %v'], { env })),
  )
  const key = '{"key":"a","window":{"start":0,"end":60000}}'
  expect(shown.map(({ stdout }) => stdout)).toEqual(
    ['-5', '1.5', '{"big":"1099511627776","bytes":{"hex":"ff"}}', '{"a":"ä"}'].map((value) => `${key} ${value}\n`),
  )
  const asBytes = await runInProcess(['consume', 't1', '-e', '--json', '--value-serde', 'bytes'], { env })
  expect(JSON.parse(asBytes.stdout)).toMatchObject({ value: { hex: '7ffffffffffffffb' } })
  const wrong = await runInProcess(['consume', 't4', '-e', '--value-serde', 'int64'], { env })
  expect(wrong).toMatchObject({ code: 0, stdout: '{"a":"ä"}\n' })
})

test('a terminal shows what records hold and does not obey it; a pipe gets it as it is', async () => {
  const [run] = await world()
  const evil = 'red\u{1b}[31m\u{9b}2J\rback\u{202e}'
  await run(['produce', 'raw', '-H', `h=${evil}`], { stdin: `${evil}\n` })
  const harmless = 'red\\u001b[31m\\u009b2J\\rback\\u202e'
  const shown = await run(['consume', 'raw', '-e', '-f', '%v %h'], { columns: 80 })
  expect(shown.stdout).toBe(`${harmless} h=${harmless}\n`)
  const asJson = await run(['consume', 'raw', '-e', '--json'], { columns: 80 })
  expect(asJson.stdout).not.toMatch(/[\u007f-\u009f\u202e]/)
  expect(JSON.parse(asJson.stdout)).toMatchObject({ value: evil })
  expect((await run(['consume', 'raw', '-e'])).stdout).toBe(`${evil}\n`)
})

test('JSON lines stay lines and stay JSON, whatever a topic of JSON holds', async () => {
  const [run] = await world()
  const options = ['--value-serde', 'bytes', '--json']
  await run(['produce', 'clicks', ...options], { stdin: '{"value":"{\\n\\"a\\":\\n1}"}\n{"value":"no json"}' })
  const ran = await run(['consume', 'clicks', '-o', '-2', '-e', '--json'])
  const lines = ran.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { value: unknown })
  expect(lines.map(({ value }) => value)).toEqual(expect.arrayContaining([{ a: 1 }, 'no json']))
})

/** Resolves when this much was printed. */
async function printed(stdout: Gathered, text: string): Promise<void> {
  while (!stdout.text.includes(text)) await yieldToEventLoop()
}

test.each([[['consume', 'orders']], [['consume', 'orders', 'raw', '-o', '0']], [['consume', 'orders', '-g', 'tail']]])(
  '%j goes on with what comes, until it is stopped',
  async (argv) => {
    const { data } = await commandWorld()
    const stop = new AbortController()
    const stdout = new Gathered()
    const stderr = new Gathered()
    const host = {
      stdin: () => process.stdin,
      stdout,
      stderr,
      env: { MILLRACE_DIR: data },
      signal: stop.signal,
      self: [],
      scripts: noScripts,
    }
    const running = runCommand(argv, { ...host, clock: new ManualClock(commandTimeMs) })
    await printed(stdout, '700')
    await runInProcess(['produce', 'orders', '--key', 'eve'], { env: host.env, stdin: '31415' })
    await printed(stdout, '31415')
    stop.abort()
    expect(await running).toBe(0)
    expect([stdout.text, stderr.text]).toEqual(['1200\n700\nnull\n31415\n', ''])
  },
)

test('a member commits what it has printed, no more and no less', async () => {
  const [run, data] = await world()
  const read = ['consume', 'orders', 'clicks', '-g', 'billing', '-e', '-f', '%t%o']
  expect((await run([...read, '-n', '1'])).stdout).toMatch(/^(orders1|clicks0)\n$/)
  const rest = await run(read)
  expect(rest.stdout.trim().split('\n')).toHaveLength(7)
  expect(await run(read)).toEqual({ code: 0, stdout: '', stderr: '' })
  await using log = await openLog(data, { readOnly: true })
  const lag = await log.admin.lag('billing')
  expect(lag.map(({ topic, offset }) => [topic, offset])).toEqual([
    ['clicks', 6],
    ['orders', 3],
  ])
})

test('a member begins where -o says when it has no position, and looks for nothing in a topic that is empty', async () => {
  const [run] = await world()
  expect((await run(['consume', 'clicks', '-g', 'new', '-e', '-o', 'end'])).stdout).toBe('')
  expect((await run(['consume', 'clicks', '-g', 'late', '-e', '-o', '@-3m', '-f', '%o'])).stdout).toBe('3\n4\n5\n')
  expect(await run(['consume', 'raw', '-g', 'new', '-e'])).toEqual({ code: 0, stdout: '', stderr: '' })
})

test('a topic that is not there is not found, and not made', async () => {
  const [run] = await world()
  for (const group of [[], ['-g', 'billing']]) {
    const ran = await run(['consume', 'clcks', '-e', ...group])
    expect(ran).toMatchObject({
      code: 3,
      stderr: 'millrace: there is no topic "clcks"; did you mean "clicks"? (topic_unknown)\n',
    })
  }
  expect((await run(['topic', 'list', '--json'])).stdout).not.toContain('clcks')
})
