// Lines that become records: exactly those, in order, or a complaint that names the line.
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { bytes, int64, nullable, openLog, string, topic, tuple } from 'millrace'
import { type Ran, runInProcess, type RunOptions } from '../support/command.ts'
import { commandWorld } from '../support/command-world.ts'

type Run = (stdin: RunOptions['stdin'], ...argv: readonly string[]) => Promise<Ran>

async function world(): Promise<readonly [run: Run, data: string]> {
  const { data } = await commandWorld()
  return [(stdin = '', ...argv) => runInProcess(argv, { env: { MILLRACE_DIR: data }, stdin }), data]
}

const text = (part: Uint8Array | null): string | null => (part === null ? null : Buffer.from(part).toString())

/** Keys and values of a topic as text, in the order of their offsets. */
async function contents(data: string, name: string): Promise<(readonly [key: string | null, value: string | null])[]> {
  await using log = await openLog(data, { readOnly: true })
  const found: (readonly [string | null, string | null])[] = []
  const raw = topic(name, { key: nullable(bytes()), value: nullable(bytes()) })
  for await (const { key, value } of log.read(raw)) found.push([text(key), text(value)])
  return found
}

async function values(data: string, name: string): Promise<(string | null)[]> {
  return (await contents(data, name)).map(([, value]) => value)
}

test.each([
  ['', []],
  ['a\nb\n', ['a', 'b']],
  ['a\nb', ['a', 'b']],
  ['\n', ['']],
  ['a\r\n\nb', ['a\r', '', 'b']],
  ['ä\u{1f600}\n', ['ä\u{1f600}']],
])('the lines of %j are the values, whether or not the last one is ended', async (stdin, expected) => {
  const [run, data] = await world()
  const ran = await run(stdin, 'produce', 'raw')
  expect(ran).toEqual({
    code: 0,
    stdout: '',
    stderr: `${expected.length} record${expected.length === 1 ? '' : 's'} to raw\n`,
  })
  expect(await values(data, 'raw')).toEqual(expected)
})

test('lines are the same however the input is cut into chunks', async () => {
  const whole = Buffer.from(Array.from({ length: 200 }, (_, at) => `${at}:ä${'x'.repeat(at % 7)}`).join('\n'))
  for (const size of [1, 2, 3, 7, 64, 1_000]) {
    const [run, data] = await world()
    const chunks = Array.from({ length: Math.ceil(whole.length / size) }, (_, at) =>
      whole.subarray(at * size, (at + 1) * size),
    )
    await run(Readable.from(chunks, { objectMode: true }), 'produce', 'raw')
    expect(await values(data, 'raw')).toEqual(whole.toString().split('\n'))
  }
})

test('bytes that are no text stay as they are where the topic names no serde', async () => {
  const [run, data] = await world()
  await run(Buffer.from([0xff, 0x00, 0x0a, 0xfe]), 'produce', 'raw')
  const ran = await runInProcess(['consume', 'raw', '-e'], { env: { MILLRACE_DIR: data } })
  expect(ran.stdout).toBe('ff00\nfe\n')
})

test('keys come from the line, from --key, or from JSON', async () => {
  const [run, data] = await world()
  await run('a\t1\nb\t2\t3\n', 'produce', 'raw', '-K', '\\t')
  await run('4', 'produce', 'raw', '--key', 'c')
  await run('{"key":"d","value":"5","timestamp":7,"headers":{"h":"x"}}\n{"value":null}', 'produce', 'raw', '--json')
  expect(await contents(data, 'raw')).toEqual([
    ['a', '1'],
    ['b', '2\t3'],
    ['c', '4'],
    ['d', '5'],
    [null, null],
  ])
  expect(await run('x', 'produce', 'raw', '-K', ':', '--key', 'a')).toMatchObject({ code: 2 })
  expect(await run('x', 'produce', 'raw', '-K', '')).toMatchObject({ code: 2 })
})

test('an empty value is a tombstone when that is asked for, and JSON null always', async () => {
  const [run, data] = await world()
  await run('a=\nb=1', 'produce', 'raw', '-K', '=', '-Z')
  await run('a=', 'produce', 'raw', '-K', '=')
  expect(await contents(data, 'raw')).toEqual([
    ['a', null],
    ['b', '1'],
    ['a', ''],
  ])
  await run('null', 'produce', 'clicks', '--key', 'a')
  const read = await runInProcess(['consume', 'clicks', '-e', '--key', 'a', '--json'], { env: { MILLRACE_DIR: data } })
  expect(JSON.parse(read.stdout)).toMatchObject({ key: 'a', value: null })
})

test.each([
  ['orders', ['-K', '='], 'a=1\nb=two\nc=3', 'line 2: the value is not JSON', ['1200', '700', null, '1']],
  ['orders', ['-K', '='], 'a=1\nb', 'line 2: has no "=" between key and value', ['1200', '700', null, '1']],
  [
    'orders',
    ['--json'],
    '{"key":"a","value":1}\n{"key":"a","vaule":2}',
    'line 2: has a field "vaule"; did you mean "value"?',
    ['1200', '700', null, '1'],
  ],
  ['orders', ['--json'], '{"key":"a"}', 'line 1: has no value', ['1200', '700', null]],
  ['orders', ['--json'], '[1]', 'line 1: is [ 1 ]', ['1200', '700', null]],
  ['orders', ['--json'], '{"key":5,"value":5}', 'line 1: the key: expected a string, not 5', ['1200', '700', null]],
  ['orders', ['--json'], '{"key":"a","value":1.5}', 'line 1: the value: ', ['1200', '700', null]],
  ['orders', ['--json'], '{"key":"a","value":1,"timestamp":-4}', 'line 1: has timestamp -4', ['1200', '700', null]],
])(
  'a line of %s that does not fit ends it by its number, and those before it stay',
  async (name, options, stdin, complaint, after) => {
    const [run, data] = await world()
    const ran = await run(stdin, 'produce', name, ...options)
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toContain(complaint)
    const read = await runInProcess(['consume', name, '-e', '--json'], { env: { MILLRACE_DIR: data } })
    const shown = read.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { value: number | null }).value)
    expect(shown.map((value) => (value === null ? null : String(value)))).toEqual(after)
  },
)

test('--atomic writes all lines in one commit, or none', async () => {
  const [run, data] = await world()
  const many = Array.from({ length: 5_000 }, (_, at) => `{"n":${at}}`)
  expect(await run([...many, '{"n":'].join('\n'), 'produce', 'clicks', '--atomic')).toMatchObject({ code: 1 })
  const before = await openLog(data, { readOnly: true })
  expect(await before.admin.endOffsets('clicks')).toEqual([6, 0])
  await before.close()
  const ran = await run(many.join('\n'), 'produce', 'clicks', '--atomic', '--partition', '1')
  expect(ran).toMatchObject({ code: 0, stderr: '5000 records to clicks\n' })
  expect((await values(data, 'clicks')).slice(6)).toEqual(many)
})

test('a command that is stopped keeps what it has read, and with --atomic nothing', async () => {
  for (const [options, expected] of [
    [[], ['a', 'b']],
    [['--atomic'], []],
  ] as const) {
    const { data } = await commandWorld()
    const stop = new AbortController()
    let isAsked = false
    const endless = new Readable({
      highWaterMark: 1,
      read() {
        if (isAsked) setImmediate(() => stop.abort())
        else this.push('a\nb\nc')
        isAsked = true
      },
    })
    const argv = ['produce', 'raw', ...options]
    const ran = await runInProcess(argv, { env: { MILLRACE_DIR: data }, stdin: endless, signal: stop.signal })
    expect(ran.code).toBe(0)
    expect(await values(data, 'raw')).toEqual(expected)
  }
})

test('headers, times, partitions and repetitions are those that were asked for', async () => {
  const [run, data] = await world()
  const options = ['-H', 'a=1', '-H', 'a=2=3', '--timestamp', '2025-01-01T00:00Z', '--partition', '1', '--count', '2']
  await run('{}', 'produce', 'clicks', '-z', 'gzip', ...options)
  const read = await runInProcess(['consume', 'clicks', '-e', '-p', '1', '--json'], { env: { MILLRACE_DIR: data } })
  const shown = read.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(shown).toHaveLength(2)
  expect(shown[1]).toEqual({
    topic: 'clicks',
    partition: 1,
    offset: 1,
    timestamp: Date.UTC(2025, 0, 1),
    key: null,
    value: {},
    headers: [
      { key: 'a', value: '1' },
      { key: 'a', value: '2=3' },
    ],
  })
})

test.each([
  [['produce', 'rwa'], 3, 'did you mean "raw"?'],
  [['produce', 'raw', '--partition', '5'], 2, 'has no partition 5: it has 1 partition'],
  [['produce', 'raw', '-z', 'zip'], 2, 'Expected none, gzip'],
  [['produce'], 2, "missing required argument 'topic'"],
])('nothing is read by %j', async (argv, code, complaint) => {
  const [run, data] = await world()
  const ran = await run('a\n', ...argv)
  expect(ran).toMatchObject({ code, stdout: '' })
  expect(ran.stderr).toContain(complaint)
  expect(await values(data, 'raw')).toEqual([])
})

test('a record that the topic refuses is told by its lines', async () => {
  const [run, data] = await world()
  await run('', 'topic', 'alter', 'raw', '-c', 'maxMessageBytes=100')
  const long = await run(`ok\n${'x'.repeat(300)}\n`, 'produce', 'raw')
  expect(long.code).toBe(1)
  expect(long.stderr).toMatch(/millrace: lines 1 to 2 were not written: .*\(bad_record\)/)
  const endless = await run('x'.repeat(300), 'produce', 'raw')
  expect(endless.stderr).toContain('line 1 is longer than 100 bytes')
  expect(await values(data, 'raw')).toEqual([])
})

test('what consume --json prints, produce --json takes: the same records, whatever their serdes', async () => {
  const { data } = await commandWorld()
  const from = topic('pairs', { key: tuple(string(), int64()), value: nullable(bytes()) })
  const log = await openLog(data)
  await log.producer().sendMany(from, [
    { key: ['a', 1], value: Buffer.from([0, 255]), timestamp: 5, headers: [{ key: 'h', value: Buffer.from([254]) }] },
    { key: ['b', -2], value: Buffer.from('text'), timestamp: 6 },
    { key: ['b', -2], value: null, timestamp: 7 },
  ])
  await log.admin.createTopic({ ...from, name: 'copies' })
  await log.close()
  const env = { MILLRACE_DIR: data }
  const read = await runInProcess(['consume', 'pairs', '-e', '--json'], { env })
  expect(await runInProcess(['produce', 'copies', '--json'], { env, stdin: read.stdout })).toMatchObject({ code: 0 })
  expect(await contents(data, 'copies')).toEqual(await contents(data, 'pairs'))
  const copies = await runInProcess(['consume', 'copies', '-e', '--json'], { env })
  expect(copies.stdout).toBe(read.stdout.replaceAll('"pairs"', '"copies"'))
})
