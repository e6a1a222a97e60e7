// The demo as its user sees it: the right numbers, once, however it is fed and started again.
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { accessLogBytes, accessLogFile, countedAsJson, readLines } from '../support/access-log.ts'
import { lookInto, runExample, startExample, untilRecords, untilWorkedOff } from '../support/example.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const minute = { windowMs: 60_000, graceMs: 60_000 }
const main = 'clicks/main'
const lines = 'access-log'
const places = 'access-log.imports'
const application = 'clicks-60000-60000'
const counts = `${application}.counts`

test('the counts are those of a plain loop, and a second start imports and counts nothing', async () => {
  const path = accessLogFile(20_000)
  const dir = temporaryDirectory()
  const recordsOf = await lookInto(dir)
  const written = (): Promise<number[]> => Promise.all([lines, places, counts].map(recordsOf))
  const expected = countedAsJson(readLines(readFileSync(path)), minute)
  const first = await runExample(main, ['--json', '--dir', dir, path])
  expect(first).toMatchObject({ code: 0, stdout: expected })
  expect(first.stderr).toMatch(
    /^20,000 lines imported · 20,000 counted \(100 %\) · [\d,]+ rec\/s · at [\d: -]+ · lag 0$/m,
  )
  expect(first.stderr).not.toContain('\u{1b}')

  const before = await written()
  expect(before[0]).toBe(20_000)
  expect(await runExample(main, ['--json', '--dir', dir, path])).toMatchObject({ code: 0, stdout: expected })
  expect(await written()).toEqual(before)

  // Other windows count the same log anew.
  const tenSeconds = countedAsJson(readLines(readFileSync(path)), { windowMs: 10_000, graceMs: 60_000 })
  expect(await runExample(main, ['--json', '--dir', dir, '--window', '10s', path])).toMatchObject({
    stdout: tenSeconds,
  })
  expect(await written()).toEqual(before)
})

test('the table and the dead letters', async () => {
  const path = accessLogFile(4_000)
  const dir = temporaryDirectory()
  const { code, stdout } = await runExample(main, ['--dir', dir, path])
  expect(code).toBe(0)
  expect(stdout).toMatchInlineSnapshot(`
    "Clicks per minute, 2025-03-04 09:00 to 12:00 UTC

    page                          clicks  peak  5m a column
    /                                549    12  ▇▅▆▄▁▂▂▂▁▂▄▅▅▆▇▇▆▆▆▅▅▂▂▂▄▂▂▃▃▄▆▆▇█▇▇
    /search                          313     6  ▃▂▇▅█▇▆██▆▃▃▂▁▁▄▄▆█▇█▄▄▂▁▂▄▅▇▅▅▇▄▃▂▁
    /sale                            195    13  ▁▁▂▁▁▁▁▁▁▁▁▁▁ ▁▁▁▁▁▁▄█▅▃▁▂▁▁▁ ▁ ▁▁▁▁
    /products                        184     5  ▄▅▆▇▆▅█▇▅▅▇▄█▃▂▄▄ ▁▂▂▂▁ ▄▁▁▁▂▂▄▄▃▃▂▆
    /products/espresso-machine       150     4  ▄▄▃    ▁▁▆▃█▇█▅▇▆▆█▃▁▁▄▃▁▂▁▄▆▅▃█▇▇██
    /cart                            118     4  ▁▆▂▃▆█▆▂▂▃▂▂ ▅▁▂█▆▃▅▂▁ ▂▃▁▄▇▅▆▃▁▄▂▂▁
    /products/hand-grinder            85     4   ▁   ▂▁▄▁▄▇▂▂▂▆ ▃▃   ▁▁▁▄▃▂▆█▃▇▃▄▂ ▁
    /login                            81     3  ▂▁▁▇█▄▂ ▅▂ ▂▃▄▂▆▁▁▁▂▃   ▃▁▃▃▆▁▂▁▁ ▁▁
    /checkout                         61     2   ▂ ▂▆▄▂█▆▆▄▆▄▄  ▂▂▂▂ ▂▂▄▆▆▆▄██▆▂▂▂▂
    /blog/how-to-descale              58     2  ▄▅█▅█▂  ▅▅ ▂ ▂    ▅   ▂▂▄▇▂▅▂ ▂▇▅▅▅▂
    /about                            49     3  ▅▄▂▂   ▂▂ ▂ ▂ ▂ ▂▂▂▅▂ ▅▅▂▂▅▅▄█▇▂▄ ▄
    /products/milk-jug                49     3  ▃▂▅ ▃   ▂▃▃ ▂▄▂▃▄ ▂ ▄ ▂▃▄▃▃█ ▄   ▂
    88 more                        1,271

    4,000 lines = 3,167 clicks + 831 filtered + 2 malformed
    4 clicks are in no count: too late for a grace of 1m
    "
  `)

  const letters = await runExample(main, ['--malformed', '--dir', dir, path])
  expect(letters.stdout.split('\n')).toEqual([
    expect.stringMatching(
      /^undecodable: access-log\[2\] offset 1: .* expected a user, but there is "812\.044213\] Out/,
    ),
    '    kernel: [  812.044213] Out of memory: Killed process 4711 (httpd)',
    expect.stringMatching(/^undecodable: access-log\[2\] offset 540: .* expected a time in brackets, but there is/),
    '    203.0.113.7 - - [04/Mar',
    '',
  ])
  const asJson = await runExample(main, ['--malformed', '--json', '--dir', dir, path])
  expect(JSON.parse(asJson.stdout.split('\n')[1] as string)).toEqual({
    topic: 'access-log',
    partition: 2,
    offset: 540,
    reason: 'undecodable',
    message: expect.stringContaining('expected a time in brackets') as string,
    line: '203.0.113.7 - - [04/Mar',
  })
})

describe('input', () => {
  const bytes = accessLogBytes(6_000)
  const middle = bytes.indexOf('\n', bytes.length / 2) + 1
  const expected = countedAsJson(readLines(bytes), minute)

  test('of several files is one log', async () => {
    const dir = temporaryDirectory()
    const [one, two] = ['one.log', 'two.log'].map((name) => join(dir, name)) as [string, string]
    writeFileSync(one, bytes.subarray(0, middle))
    writeFileSync(two, bytes.subarray(middle))
    const outcome = await runExample(main, ['--json', '--dir', join(dir, 'data'), one, two])
    expect(outcome).toMatchObject({ code: 0, stdout: expected })
  })

  test('of standard input goes on behind what was read before, and must not be less', async () => {
    const dir = temporaryDirectory()
    const args = ['--json', '--dir', dir, '-']
    const half = await runExample(main, args, { input: bytes.subarray(0, middle) })
    expect(half).toMatchObject({ code: 0, stdout: countedAsJson(readLines(bytes.subarray(0, middle)), minute) })
    expect(await runExample(main, args, { input: bytes })).toMatchObject({ code: 0, stdout: expected })
    const less = await runExample(main, args, { input: bytes.subarray(0, middle) })
    expect(less).toMatchObject({ code: 1, stdout: '' })
    expect(less.stderr).toContain(`standard input has ${middle} bytes, but ${bytes.length} bytes of it were imported`)
  })

  test('of a growing file is followed until Ctrl-C', async () => {
    const dir = temporaryDirectory()
    const path = join(dir, 'growing.log')
    writeFileSync(path, bytes.subarray(0, middle + 10))
    const recordsOf = await lookInto(dir)
    const { child, ended } = startExample(main, ['--follow', '--json', '--dir', dir, path])
    await untilRecords(recordsOf, lines, readLines(bytes.subarray(0, middle)).length)
    appendFileSync(path, bytes.subarray(middle + 10))
    await untilRecords(recordsOf, lines, readLines(bytes).length)
    const { summary } = JSON.parse(expected.split('\n').at(-2) as string) as { summary: Record<string, number> }
    await untilRecords(recordsOf, counts, (summary['clicks'] ?? 0) - (summary['late'] ?? 0))
    await untilWorkedOff(dir, application) // with what comes after the last click
    child.kill('SIGINT')
    const outcome = await ended
    expect(outcome).toMatchObject({ code: 0, stdout: expected })
    expect(outcome.stderr).toContain(`To go on: npx tsx examples/clicks/main.ts --follow --json --dir ${dir} ${path}`)
  })
})

describe('a refusal', () => {
  test('of a file that became shorter', async () => {
    const path = accessLogFile(2_000)
    const dir = temporaryDirectory()
    expect(await runExample(main, ['--dir', dir, path])).toMatchObject({ code: 0 })
    truncateSync(path, 1_000)
    const { code, stdout, stderr } = await runExample(main, ['--dir', dir, path])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain(`${path} has 1000 bytes`)
  })

  test.each([
    [2, ['--folow'], 'there is no option --folow; did you mean --follow?\n'],
    [1, ['--dir', 'refused', 'nowhere.log'], 'cannot read nowhere.log: there is no such file\n'],
    [1, ['--dir', import.meta.filename], '(storage_failed)\n'],
  ])('with exit code %d: %j', async (code, args, complaint) => {
    const outcome = await runExample(main, args)
    expect(outcome).toMatchObject({ code, stdout: '' })
    expect(outcome.stderr).toContain(complaint)
    expect(outcome.stderr).not.toContain('    at ')
  })
})

test('two that are started at once count every line once', async () => {
  const path = accessLogFile(10_000)
  const dir = temporaryDirectory()
  const expected = countedAsJson(readLines(readFileSync(path)), minute)
  const both = [1, 2].map(() => runExample(main, ['--json', '--dir', dir, path]))
  for (const outcome of await Promise.all(both)) expect(outcome).toMatchObject({ code: 0, stdout: expected })
})

test('whoever stops reading the output is no error', async () => {
  const path = accessLogFile(4_000)
  const { child, ended } = startExample(main, ['--json', '--dir', temporaryDirectory(), path])
  child.stdout.once('data', () => child.stdout.destroy())
  expect(await ended).toMatchObject({ code: 0, signal: null })
})
