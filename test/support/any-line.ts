// Command lines from the grammar of the verbs and near it: what each of them may do, and that it does nothing else.
import { dirname } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished } from 'vitest'
import { type Log, openLog } from 'millrace'
import { yieldToEventLoop } from '../../src/core/clock.ts'
import { optionsOfAll } from '../../src/command/options-of-all.ts'
import type { Option } from '../../src/command/options.ts'
import type { Verb, VerbEntry } from '../../src/command/verb.ts'
import { verbs } from '../../src/command/verbs.ts'
import { type Ran, runInProcess } from './command.ts'
import { commandWorld } from './command-world.ts'

/** Verbs of topics, records and groups: the others make files, or run for as long as they are let. */
const covered = /^(topic|group|produce|consume)\b/

/** Verbs that may change something, and what has to be said for that. */
const changing: Readonly<Record<string, readonly string[]>> = {
  'topic create': [],
  'topic alter': [],
  'topic add-partitions': [],
  'topic delete': ['-y', '--yes'],
  'topic trim': ['-y', '--yes'],
  produce: [],
  consume: ['-g', '--group'],
  'group reset-offsets': ['--execute'],
  'group delete': ['-y', '--yes'],
}

/** Words that mean something somewhere, and words that mean nothing. */
const words = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('clicks', 'orders', 'raw', 'billing', 'ann', '10.0.0.1') },
  {
    weight: 3,
    arbitrary: fc.constantFrom('0', '1', '2', '7', '-1', '-2', '1h', '30d', '@-1h', '@0', 'start', 'end', '%k %v'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'retentionMs=1d',
      'cleanupPolicy=compact',
      'a=b',
      'json',
      'string',
      'int64',
      'gzip',
      'cart|help',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      ' ',
      '-',
      '--',
      '=',
      '\u{1b}[2J',
      '\u{0}',
      '..',
      'clicks@x',
      '1e999',
      'NaN',
      '__proto__',
      '(',
      '%',
      '9'.repeat(30),
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
)

/** What is likely to be typed, by the name of a declaration: most lines are to get as far as the log. */
const likely: Readonly<Record<string, readonly string[]>> = {
  topic: ['clicks', 'orders', 'raw'],
  topics: ['clicks', 'orders', 'raw'],
  group: ['billing'],
  groups: ['billing'],
  config: ['retentionMs=1d', 'cleanupPolicy=compact'],
}

function wordFor(name: string): fc.Arbitrary<string> {
  const usual = likely[name]
  if (usual === undefined) return words
  return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: words })
}

/** A word with a letter that is missing, doubled or changed. */
const misspelt = (word: string): fc.Arbitrary<string> =>
  fc
    .tuple(fc.nat(Math.max(0, word.length - 1)), fc.constantFrom('', 'x', 'ee'))
    .map(([at, letters]) => word.slice(0, at) + letters + word.slice(at + 1))

const nearly = (word: string): fc.Arbitrary<string> =>
  fc.oneof({ weight: 30, arbitrary: fc.constant(word) }, { weight: 1, arbitrary: misspelt(word) })

/** How an option is typed: by one of its names, with or without what belongs to it. */
function typedOption([name, { flags, takes }]: readonly [string, Option<unknown>]): fc.Arbitrary<readonly string[]> {
  const names = flags.split(/[ ,]+/).filter((part) => part.startsWith('-'))
  return fc.tuple(fc.constantFrom(...names).chain(nearly), wordFor(name), fc.nat(9)).map(([typed, value, form]) => {
    if (takes === 'nothing') return form === 0 ? [`${typed}=${value}`] : [typed]
    if (form === 0) return [typed]
    return form === 1 && typed.startsWith('--') ? [`${typed}=${value}`] : [typed, value]
  })
}

function lineOf({ name }: VerbEntry, verb: Verb, elsewhere: string): fc.Arbitrary<readonly string[]> {
  // A directory is made where `topic create` is told to: only `elsewhere` is named, and never to that.
  const { dir: _, ...anywhere } = optionsOfAll
  const own = Object.entries(verb.options ?? anywhere).map(typedOption)
  const option = fc.oneof(
    { weight: 2, arbitrary: fc.oneof(...own) },
    fc.oneof(...Object.entries(anywhere).map(typedOption)),
  )
  const needed = Object.keys(verb.arguments ?? {}).map(wordFor)
  return fc
    .record({
      verb: fc.tuple(...name.split(' ').map(nearly)),
      arguments: fc.oneof(
        { weight: 5, arbitrary: fc.tuple(...needed) },
        { weight: 1, arbitrary: fc.array(words, { maxLength: 3 }) },
      ),
      options: fc.oneof(
        { weight: 2, arbitrary: fc.array(option, { maxLength: 1 }) },
        { weight: 1, arbitrary: fc.array(option, { maxLength: 4 }) },
      ),
      agreed: fc.constantFrom([], changing[name]?.slice(0, 1) ?? []),
      isHelp: fc.nat(19).map((one) => one === 0),
      isElsewhere: fc.nat(9).map((one) => one === 0),
      isEnding: fc.boolean(),
    })
    .map((line) => [
      ...line.verb,
      ...line.arguments,
      ...line.options.flat(),
      ...(name === 'consume' || name === 'group delete' ? [] : line.agreed),
      ...(name === 'consume' && line.isEnding ? ['-e'] : []),
      ...(line.isHelp ? ['--help'] : []),
      ...(line.isElsewhere && name !== 'topic create' ? ['--dir', elsewhere] : []),
    ])
}

/** All that the verbs may change, as it is now. */
async function stateOf({ admin }: Log): Promise<unknown> {
  const topics = await admin.listTopics({ hidden: true })
  const groups = await admin.groups()
  return {
    topics,
    ends: await Promise.all(topics.map(({ name }) => admin.endOffsets(name))),
    starts: await Promise.all(topics.map(({ name }) => admin.startOffsets(name))),
    positions: await Promise.all(
      groups.map(async ({ name }) => [name, (await admin.lag(name).catch(() => [])).map(({ offset }) => offset)]),
    ),
  }
}

/** Runs it, and stops what would wait for more. */
async function runLine(argv: readonly string[], data: string): Promise<Ran> {
  const stop = new AbortController()
  const isWaiting = argv.includes('consume')
  const ending = (async () => {
    for (let turn = 0; turn < 200; turn++) await yieldToEventLoop()
    if (isWaiting) stop.abort()
  })()
  const ran = await runInProcess(argv, {
    env: { MILLRACE_DIR: data },
    stdin: 'a=1\n{"value":2}\nlast',
    signal: stop.signal,
  })
  await ending
  return ran
}

export function checkAnswer(argv: readonly string[], { code, stdout, stderr }: Ran): void {
  const said = { argv, code, stderr }
  expect(said).not.toMatchObject({ stderr: expect.stringMatching(/--verbose says more|\bdefect\b/) as string })
  if (!argv.includes('--verbose'))
    expect(said).not.toMatchObject({ stderr: expect.stringMatching(/\n {4}at /) as string })
  // What was typed is quoted in complaints, and a terminal must not obey it.
  expect(said).not.toMatchObject({ stderr: expect.stringMatching(/(?!\n)\p{Cc}/u) as string })
  expect([0, 1, 2, 3]).toContain(code)
  if (code === 2) expect({ ...said, stdout }).toEqual({ ...said, stdout: '' })
  if (code === 2 || code === 1) expect(said).toMatchObject({ stderr: expect.stringMatching(/./) as string })
}

/** Whether a line may change something: it did what a changing verb does, and said what that takes. */
function mayChange(argv: readonly string[], code: number): boolean {
  const verb = Object.keys(changing).find((name) => argv.join(' ').startsWith(name))
  if (verb === undefined || code === 2 || argv.includes('--help') || argv.includes('-h')) return false
  const needed = changing[verb] ?? []
  // A line of input that does not fit ends `produce`, and those before it stay. A group has read what `consume` has looked
  // through, also when no record matched.
  if (code !== 0 && verb !== 'produce' && verb !== 'consume') return false
  return (
    needed.length === 0 ||
    argv.some((part) =>
      needed.some(
        (one) => part === one || part.startsWith(`${one}=`) || (/^-[a-z]/.test(part) && part.startsWith(one)),
      ),
    )
  )
}

/** A line of any of these verbs, or near one. */
export async function lineNear(elsewhere: string): Promise<fc.Arbitrary<readonly string[]>> {
  const entries = verbs.filter(({ name }) => covered.test(name))
  const lines = entries.map(async (entry) => lineOf(entry, (await entry.load()).verb, elsewhere))
  return fc.oneof(...(await Promise.all(lines)))
}

/** Returns the verbs of which a line was done. */
export async function checkLines(options: {
  readonly worlds: number
  readonly linesOfWorld: number
  readonly elsewhere: string
}): Promise<ReadonlySet<string>> {
  const { worlds, linesOfWorld, elsewhere } = options
  const line = await lineNear(elsewhere)
  // A line may name any directory.
  const cwd = process.cwd()
  process.chdir(dirname(elsewhere))
  onTestFinished(() => process.chdir(cwd))
  const done = new Set<string>()
  const session = fc.array(line, { minLength: linesOfWorld, maxLength: linesOfWorld })
  await fc.assert(
    fc.asyncProperty(session, async (session) => {
      const { data } = await commandWorld()
      await using log = await openLog(data, { readOnly: true })
      for (const argv of session) {
        const before = await stateOf(log)
        const ran = await runLine(argv, data)
        checkAnswer(argv, ran)
        const isDone = ran.code === 0 && !argv.includes('--help') && !argv.includes('-h')
        if (isDone) for (const name of coveredVerbs) if (argv.join(' ').startsWith(name)) done.add(name)
        if (!mayChange(argv, ran.code)) expect({ argv, state: await stateOf(log) }).toEqual({ argv, state: before })
      }
    }),
    { numRuns: worlds },
  )
  return done
}

/** Of which lines are made. */
export const coveredVerbs: readonly string[] = verbs.map(({ name }) => name).filter((name) => covered.test(name))
