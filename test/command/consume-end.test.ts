// `consume --group -e` ends where the topic ends now, also where nothing is left before that end: what there was may have
// been deleted, or compacted away.
import { expect, test } from 'vitest'
import { days, type Log, ManualClock, nullable, openLog, string, topic } from 'millrace'
import type { TopicSettings } from '../../src/core/topic-config.ts'
import { runCommand } from '../../src/command/run-command.ts'
import { systemClock } from '../../src/core/clock.ts'
import { commandTimeMs, Gathered, type Ran, runInProcess, noScripts } from '../support/command.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const pairs = topic('pairs', { key: string(), value: nullable(string()), partitions: 1 })

/** A topic of six records, of which something is gone. */
interface Emptied {
  readonly settings?: TopicSettings
  readonly records: readonly (readonly [key: string, value: string | null])[]
  readonly empty: (log: Log, clock: ManualClock) => Promise<void>
  /** The offsets that are left. */
  readonly left: readonly number[]
}

async function age({ admin }: Log, clock: ManualClock): Promise<void> {
  for (let round = 0; round < 2; round++) {
    clock.advance(days(2))
    await admin.runMaintenance()
  }
}

const deletedBefore =
  (beforeOffset: number): Emptied['empty'] =>
  async ({ admin }) =>
    void (await admin.deleteRecords(pairs, [{ partition: 0, beforeOffset }]))

const distinct: Emptied['records'] = ['a', 'b', 'c', 'd', 'e', 'f'].map((key, at) => [key, String(at)])
const compacted: TopicSettings = { cleanupPolicy: 'compact' }

const emptied: Readonly<Record<string, Emptied>> = {
  'retention has deleted all': { settings: { retentionMs: days(1) }, records: distinct, empty: age, left: [] },
  'all was deleted on request': { records: distinct, empty: deletedBefore(6), left: [] },
  'all but two were deleted on request': { records: distinct, empty: deletedBefore(4), left: [4, 5] },
  'compaction has taken the end': {
    settings: compacted,
    records: [...distinct.slice(0, 4), ['c', null], ['d', null]],
    empty: age,
    left: [0, 1],
  },
  'compaction has taken all': {
    settings: compacted,
    records: [...distinct.slice(0, 3), ['a', null], ['b', null], ['c', null]],
    empty: age,
    left: [],
  },
  'compaction has taken the middle': {
    settings: compacted,
    records: [...distinct.slice(0, 4), ['c', '4'], ['d', '5']],
    empty: age,
    left: [0, 1, 4, 5],
  },
  'nothing is gone': { records: distinct, empty: async () => undefined, left: [0, 1, 2, 3, 4, 5] },
}

/** Each record in a batch of its own; a transaction that fails at the end; then what empties the topic. */
async function emptiedTopic(
  { settings = {}, records, empty }: Emptied,
  committed: number | undefined,
): Promise<string> {
  const dir = temporaryDirectory()
  const clock = new ManualClock(commandTimeMs - days(7))
  await using log = await openLog(dir, { clock, maintenance: false })
  await log.admin.createTopic({ name: 'pairs', config: settings })
  const producer = log.producer({ transactionalId: 'pairs', clock })
  for (const [key, value] of records) await producer.transaction((tx) => tx.send(pairs, { key, value }))
  const failing = producer.transaction((tx) => {
    tx.send(pairs, { key: 'never', value: 'there' })
    throw new Error('on purpose')
  })
  await expect(failing).rejects.toThrow('on purpose')
  if (committed !== undefined) await log.admin.resetOffsets('tail', { topics: [pairs], to: { offset: committed } })
  await empty(log, clock)
  return dir
}

const consume = (dir: string, ...options: readonly string[]): Promise<Ran> =>
  runInProcess(['consume', 'pairs', '-e', '-f', '%o', ...options], { env: { MILLRACE_DIR: dir } })

const cases = Object.entries(emptied).flatMap(([what, how]) =>
  [undefined, 0, 5].map((committed) => ({ what, how, committed })),
)

test.each(cases)('where $what, a group that has committed $committed reads to the end', async ({ how, committed }) => {
  const dir = await emptiedTopic(how, committed)
  const due = how.left.filter((offset) => offset >= (committed ?? 0)).map((offset) => `${offset}\n`)
  const ended = { code: 0, stdout: due.join(''), stderr: '' }
  expect(await consume(dir, '--group', 'tail')).toEqual(ended)
  expect(await consume(dir, '--group', 'tail')).toEqual({ ...ended, stdout: '' })
  if (committed === undefined) expect(await consume(dir)).toEqual(ended)
  await using log = await openLog(dir, { readOnly: true })
  const lags = await log.admin.lag('tail').catch(() => [])
  expect(lags.map(({ records }) => records)).toEqual(lags.map(() => 0))
})

/** Standard output that has something done before it takes the first of what is written to it; whoever writes waits. */
class Interrupting extends Gathered {
  readonly #act: () => Promise<unknown>
  #isFirst = true

  constructor(act: () => Promise<unknown>) {
    super(undefined, 1)
    this.#act = act
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: (error?: Error) => void): void {
    const before = this.#isFirst ? this.#act() : Promise.resolve()
    this.#isFirst = false
    before.then(() => super._write(chunk, encoding, done), done)
  }
}

test('what comes while a member reads to the end is left for the next one', async () => {
  const dir = await emptiedTopic({ records: distinct, empty: deletedBefore(0), left: [] }, undefined)
  const env = { MILLRACE_DIR: dir }
  const later = (): Promise<Ran> => runInProcess(['produce', 'pairs', '--key', 'late'], { env, stdin: 'late' })
  const stdout = new Interrupting(later)
  const argv = ['consume', 'pairs', '--group', 'tail', '-e']
  const host = {
    stdin: () => process.stdin,
    stdout,
    stderr: new Gathered(),
    env,
    clock: systemClock,
    self: [],
    scripts: noScripts,
  }
  expect(await runCommand(argv, { ...host, signal: new AbortController().signal })).toBe(0)
  expect(stdout.text).toBe('0\n1\n2\n3\n4\n5\n')
  expect((await runInProcess(argv, { env })).stdout).toBe('late\n')
})
