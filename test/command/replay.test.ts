// The verbs of versions on what their examples do not show: a version that runs, one that lags, and what cannot be done.
import { Readable } from 'node:stream'
import {
  int64,
  keyValueStore,
  openLog,
  replay,
  startStreams,
  StreamsBuilder,
  string,
  systemClock,
  topic,
} from 'millrace'
import { expect, onTestFinished, test } from 'vitest'
import { runInProcess } from '../support/command.ts'
import { commandWorld } from '../support/command-world.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const words = topic('words', { key: string(), value: string() })
const counted = topic('counted', { key: string(), value: int64() })

function counting(each: number) {
  const builder = new StreamsBuilder()
  builder
    .stream(words)
    .flatMapValues(({ value }) => Array<string>(each).fill(value))
    .groupByKey()
    .count({ store: keyValueStore('totals', { key: string(), value: int64() }) })
    .toStream()
    .to(counted)
  return builder.build()
}

/** A log, open for as long as the test goes on, in which v1 of `app` has read ten words, and v2 beside it as well. */
async function world() {
  const data = temporaryDirectory()
  const log = await openLog(data, { maintenance: false })
  onTestFinished(() => log.close())
  const say = async (count: number): Promise<void> => {
    const records = Array.from({ length: count }, (_, at) => ({ key: `k${at}`, value: 'x', timestamp: at }))
    await log.producer().sendMany(words, records)
  }
  await say(10)
  const live = await startStreams(counting(1), { log, applicationId: 'app' })
  onTestFinished(() => live.close().catch(() => undefined))
  live.stopped.catch(() => undefined)
  await live.caughtUp()
  const besideIt = async () => {
    const run = await replay(counting(2), { log, applicationId: 'app', version: 'v2' })
    onTestFinished(() => run.close())
    await run.caughtUp()
    return run
  }
  const ran = (line: string, columns?: number) =>
    runInProcess(line.split(' '), {
      env: { MILLRACE_DIR: data, TZ: 'UTC' },
      clock: systemClock,
      ...(columns === undefined ? {} : { columns }),
    })
  return { data, log, live, say, besideIt, ran, v2: await besideIt() }
}

const statusOf = (stdout: string): unknown => JSON.parse(stdout)

test('status says what a version does that runs, where, and that one rests', async () => {
  const { log, live, v2, ran } = await world()
  const here = { pid: process.pid, host: expect.any(String) as string, startedMs: expect.any(Number) as number }
  const known = { applicationId: 'app', version: 'v2', state: 'running', wasLive: false, instance: here }
  const { stdout } = await ran('replay status --json')
  expect(statusOf(stdout)).toEqual({
    ...known,
    isPaused: false,
    phase: 'following',
    range: { from: 'beginning', to: null, outputs: {} },
    done: 10,
    total: 10,
    percent: 100,
    lag: 0,
    eventTime: 9,
    recordsPerSecond: null,
    etaMs: 0,
  })
  expect(v2.progress()).toMatchObject({ done: 10, total: 10, lag: 0, eventTime: 9 })
  await ran('replay pause app v2')
  await log.producer().send(words, { key: 'k', value: 'x' })
  await live.caughtUp()
  expect((await ran('replay status')).stdout).toMatch(/^app +v2 +paused +pid \d+ on .* +10 +11 +90 +1 /m)
})

test('compare tells how far it is on a terminal, and ends with 1 for a difference', async () => {
  const { ran } = await world()
  const { code, stdout, stderr } = await ran('replay compare app v2 --samples 0', 100)
  expect(code).toBe(1)
  expect(stdout).toContain('app@v2 (here) and app (live): they differ')
  expect(stderr).toContain('compare store totals (1 of 2)')
  expect(stderr).toContain('compare topic counted (2 of 2)')
})

test.each([
  ['compare app v1', 2, 'v1 is the live version of app: name one that stands beside it'],
  ['compare app v9', 3, 'has no version "v9"; it has "v1" (live), "v2" (version_unknown)'],
  ['compare apps v2', 3, 'did you mean "app"? (application_unknown)'],
  ['status apps', 3, 'did you mean "app"? (application_unknown)'],
  ['switch app v2', 2, 'say what becomes of its topics: --outputs replace, continue or correct'],
  ['switch app v2 --outputs replace', 2, 'give --yes to do it'],
  ['switch app v9 --outputs replace', 3, 'has no version "v9"'],
  ['back app', 3, 'has no version that was live before'],
  ['drop app v2', 1, 'runs in process'],
  ['drop app v1 --yes', 1, '(version_live)'],
  ['pause app v1', 1, '(version_live)'],
])('replay %s ends with %i: %s', async (line, code, complaint) => {
  const { ran } = await world()
  const ended = await ran(`replay ${line}`)
  expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(complaint) as string })
})

test('switch by another process than that which replays: the replay goes on as the live version', async () => {
  const { v2, say, log, ran } = await world()
  const { code, stderr } = await ran('replay switch app v2 --outputs continue --yes')
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: 'switch 1 of app: v1 -> v2, outputs continue\nv2 of app is the live version, and v1 is kept beside it\n',
  })
  await say(1)
  await v2.caughtUp()
  expect((await log.admin.applications())[0]).toMatchObject({ version: 'v2', state: 'running', lag: 0 })
})

test('switch to a version that lags and does not run says which command starts it, and asks nothing', async () => {
  const { v2, live, say, ran, besideIt } = await world()
  await v2.close()
  await say(3)
  await live.caughtUp()
  const dry = await ran('replay switch app v2 --outputs replace --dry-run')
  expect(dry).toMatchObject({ code: 1, stdout: expect.stringContaining('v2 is 3 records away from v1') as string })
  expect(await ran('replay switch app v2 --outputs replace')).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'millrace: app cannot switch to v2:\n  - version "v2" is 3 records away from the live one, and does not run: start it ' +
      'with its code, "millrace replay start SCRIPT v2 --app app", and leave it running\n',
  })
  expect(live.state).toBe('running')
  await besideIt()
  expect((await ran('replay switch app v2 --outputs replace --yes')).code).toBe(0)
})

/** Someone at a terminal, who takes so long to answer that something happens meanwhile. */
class Answering extends Readable {
  readonly isTTY = true
  readonly #meanwhile: () => Promise<unknown>
  #isAsked = false

  constructor(meanwhile: () => Promise<unknown>) {
    super()
    this.#meanwhile = meanwhile
  }

  override _read(): void {
    if (this.#isAsked) return
    this.#isAsked = true
    void this.#meanwhile().then(() => this.push('y\n'))
  }
}

test('switch and back do what was agreed to or nothing, when another one comes before the answer', async () => {
  const { data, log, v2 } = await world()
  const agreed = (line: string, meanwhile: () => Promise<unknown>) =>
    runInProcess(line.split(' '), {
      env: { MILLRACE_DIR: data },
      clock: systemClock,
      columns: 100,
      stdin: new Answering(meanwhile),
    })
  const there = () => log.admin.switchVersion('app', 'v2', { outputs: 'replace' })
  const back = () => log.admin.switchBack('app')
  const ended = await agreed('replay switch app v2 --outputs replace', () => there().then(back))
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('number 3, not 1') as string })
  await v2.stopped.catch(() => undefined)
  await there()
  const gone = await agreed('replay back app', () => back().then(there))
  expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining('number 6, not 4') as string })
  expect((await log.admin.applications())[0]).toMatchObject({ version: 'v2' })
})

test.each(['compare app v2', 'switch app v2 --outputs correct --dry-run', 'switch app v2 --outputs continue'])(
  'Ctrl-C gives up what %s reads or waits for, and that is all',
  async (line) => {
    const { data, live } = await world()
    const signal = AbortSignal.abort()
    const ended = await runInProcess(['replay', ...line.split(' ')], { env: { MILLRACE_DIR: data }, signal })
    expect(ended).toEqual({ code: 1, stdout: '', stderr: '' })
    expect(live.state).toBe('running')
  },
)

test('switch lists what stands in the way, and leaves the live version alone', async () => {
  const { live, v2, ran } = await world()
  await v2.pause()
  const ended = await ran('replay switch app v2 --outputs replace --yes')
  expect(ended).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'millrace: app cannot switch to v2:\n  - version "v2" is paused, and does not come to where the live one stands: ' +
      'resume it\n',
  })
  expect(live.state).toBe('running')
})

test('there is nothing to say where no version stands beside a live one', async () => {
  const { data } = await commandWorld({ applications: true })
  const ran = await runInProcess(['replay', 'status'], { env: { MILLRACE_DIR: data } })
  expect(ran).toEqual({ code: 0, stdout: '', stderr: 'no version stands beside a live one\n' })
})
