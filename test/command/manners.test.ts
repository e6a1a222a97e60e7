// What every verb has in common: exit codes, complaints, where output goes.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MillraceError } from 'millrace'
import { NothingFound, UsageError } from '../../src/command/exit-codes.ts'
import { flag, yes } from '../../src/command/options.ts'
import { declareVerb, type Verb, type VerbContext, type VerbEntry } from '../../src/command/verb.ts'
import { Gathered, noScripts, runInProcess } from '../support/command.ts'
import { commandWorld } from '../support/command-world.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { runCommand } from '../../src/command/run-command.ts'
import { systemClock } from '../../src/core/clock.ts'

const examples: Verb['examples'] = [
  { does: 'one', line: 'millrace try' },
  { does: 'two', line: 'millrace try' },
]

/** A verb that does as the test says. */
function verbThat(run: (context: VerbContext, isYes: boolean) => Promise<void>): readonly VerbEntry[] {
  const options = { yes, loud: flag('--loud', 'say it loudly') }
  const verb = declareVerb({ options, examples, run: (given, context) => run(context, given.yes) })
  return [{ name: 'try', summary: 'Tries', load: async () => ({ verb }) }]
}

test.each([
  [new UsageError('that is no number'), 2, 'millrace: that is no number\n'],
  [new NothingFound('no record matched'), 3, 'millrace: no record matched\n'],
  [new MillraceError('topic_unknown', 'there is no topic "a"'), 3, 'millrace: there is no topic "a" (topic_unknown)\n'],
  [new MillraceError('disk_full', 'the disk is full'), 1, 'millrace: the disk is full (disk_full)\n'],
  [new MillraceError('format_unknown', 'another version'), 1, 'millrace: another version (format_unknown)\n'],
  [new TypeError('x is not a function'), 1, 'millrace: x is not a function; --verbose says more\n'],
  [new NothingFound('rewrites\u{1b}[2J'), 3, 'millrace: rewrites\\u001b[2J\n'],
])(
  '%s ends a command with its exit code and one line, and a stack only with --verbose',
  async (error, code, stderr) => {
    const verbs = verbThat(() => Promise.reject(error))
    expect(await runInProcess(['try'], { verbs })).toEqual({ code, stdout: '', stderr })
    const verbose = await runInProcess(['try', '--verbose'], { verbs })
    expect(verbose.code).toBe(code)
    expect(verbose.stderr).toMatch(/\n {4}at /)
  },
)

test.each([
  [['tpoic', 'list'], 'did you mean "millrace topic"?'],
  [['topic', 'lsit'], 'did you mean "millrace topic list"?'],
  [['topic', 'list', '--hiden'], 'did you mean --hidden?'],
  [['topic', 'list', '--jsn'], 'did you mean --json?'],
  [['topic', 'create', 'a', '-c', 'retention=1d'], 'did you mean retentionMs?'],
  [['something', 'else'], 'no command "something"; it has '],
])('%j is a mistake that says what is near', async (argv, hint) => {
  const { data } = await commandWorld()
  const ran = await runInProcess(argv, { env: { MILLRACE_DIR: data } })
  expect(ran).toMatchObject({ code: 2, stdout: '' })
  expect(ran.stderr).toContain(hint)
})

test('options of every command may stand before the verb, and --dir wins over MILLRACE_DIR', async () => {
  const { data } = await commandWorld()
  const usual = await runInProcess(['topic', 'list', '--json'], { env: { MILLRACE_DIR: data } })
  expect(usual.stdout.split('\n')).toHaveLength(4)
  const first = await runInProcess(['--json', '--dir', data, 'topic', 'list'], { env: { MILLRACE_DIR: 'elsewhere' } })
  expect(first).toEqual(usual)
  expect(await runInProcess([`--dir=${data}`, 'topic', '--json', 'list'])).toEqual(usual)
})

test('a command that looks makes no directory, and neither does one that changes what is there', async () => {
  const dir = join(temporaryDirectory(), 'nothing')
  for (const access of ['read', 'write'] as const) {
    const verbs = verbThat(async ({ openLog }) => void (await openLog(access)))
    const ran = await runInProcess(['try', '--dir', dir], { verbs })
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('(log_missing)') as string })
    expect(existsSync(dir)).toBe(false)
  }
})

test('a log that was opened is closed, however the verb ends', async () => {
  const { data } = await commandWorld()
  let opened: Awaited<ReturnType<VerbContext['openLog']>> | undefined
  const verbs = verbThat(async ({ openLog }) => {
    opened = await openLog()
    throw new Error('halfway')
  })
  await runInProcess(['try', '--dir', data], { verbs })
  await expect(opened?.admin.listTopics()).rejects.toMatchObject({ code: 'closed' })
})

test('what is destroyed is shown and asked for: without a terminal and without --yes it is refused', async () => {
  const done: string[] = []
  const verbs = verbThat(async ({ agree }, isYes) => {
    await agree(['topic clicks, 6 records'], 'Delete it?', isYes)
    done.push('deleted')
  })
  const refused = await runInProcess(['try'], { verbs, stdin: 'y\n' })
  expect(refused).toMatchObject({ code: 2, stdout: '' })
  expect(refused.stderr).toBe(
    'topic clicks, 6 records\nmillrace: Delete it? There is no terminal to ask on: give --yes to do it.\n',
  )
  expect(done).toEqual([])
  expect(await runInProcess(['try', '-y'], { verbs })).toMatchObject({ code: 0, stderr: 'topic clicks, 6 records\n' })
  expect(done).toEqual(['deleted'])
})

test('a table fits its terminal, has colours only there, and is whole elsewhere', async () => {
  const row = { name: `long-${'x'.repeat(60)}`, note: 'line\u{1b}[2J\nbreak', count: 7 }
  const verbs = verbThat(({ out }) =>
    out.rows(
      [row],
      [
        { head: 'NAME', of: ({ name }) => name },
        { head: 'COUNT', of: ({ count }) => count },
        { head: 'NOTE', of: ({ note }) => note },
      ],
    ),
  )
  const piped = await runInProcess(['try'], { verbs })
  expect(piped.stdout).toBe(`NAME${' '.repeat(63)}COUNT  NOTE\n${row.name}      7  line\\u001b[2J\\nbreak\n`)
  const narrow = await runInProcess(['try'], { verbs, columns: 50, env: { NO_COLOR: '1' } })
  expect(Math.max(...narrow.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(50)
  expect(narrow.stdout).toContain('…')
  const wide = await runInProcess(['try'], { verbs, columns: 120 })
  expect(wide.stdout.startsWith('\u{1b}[1mNAME')).toBe(true)
  expect((await runInProcess(['try', '--json'], { verbs, columns: 50 })).stdout).toBe(`${JSON.stringify(row)}\n`)
})

test('a reader that goes away ends the command quietly', async () => {
  const stdout = new Gathered()
  const stderr = new Gathered()
  const verbs = verbThat(async ({ out, signal }) => {
    for (let line = 0; !signal.aborted; line++) {
      out.add(`${line}\n`)
      await out.flush()
      if (line === 2) stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    }
  })
  const signal = new AbortController().signal
  const host = {
    stdin: () => process.stdin,
    stdout,
    stderr,
    env: {},
    clock: systemClock,
    signal,
    self: [],
    scripts: noScripts,
  }
  expect(await runCommand(['try'], host, verbs)).toBe(0)
  expect([stdout.text, stderr.text]).toEqual(['0\n1\n2\n', ''])
})
