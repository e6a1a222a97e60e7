// Looking without the right to write LMDB's lock files, and so without a place among the readers that writers spare: as
// another user, and on a mount that is read-only.
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Log, type LogReader, openLog, startStreams } from 'millrace'
import { describe, expect, onTestFinished, test } from 'vitest'
import { counting } from '../support/counted-words.ts'
import { openDurableLog } from '../support/open.ts'
import { type Program, startProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { words } from '../support/topics.ts'

/** Nobody; for those who may not become another user, the lack of rights below is the same. */
const user = process.getuid?.() === 0 ? '65534' : ''

interface Answer {
  readonly ok?: unknown
  readonly code?: string
  readonly message?: string
}

class Looker {
  readonly program: Program

  constructor(dir: string, target: string = join(dir, 'none')) {
    this.program = startProgram('look', [dir, target, user])
  }

  async answer(): Promise<Answer> {
    return JSON.parse(await this.program.line()) as Answer
  }

  ask(line: string): Promise<Answer> {
    this.program.say(line)
    return this.answer()
  }
}

/** More rows than are read at once. */
const others = Array.from({ length: 200 }, (_, i) => `key ${i}`)

/** A log that was written, processed and closed. */
async function written(): Promise<string> {
  const { dir, log } = openDurableLog()
  await send(log, ['a', 'a', ...others])
  const app = await startStreams(counting, { log, applicationId: 'counting' })
  await app.caughtUp()
  await app.close()
  await log.close()
  return dir
}

async function send(log: Log, keys: readonly string[]): Promise<void> {
  await log.producer().sendMany(
    words,
    keys.map((key) => ({ key, value: key })),
  )
}

const filesOf = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(dir, name)).isFile())

/** Who looks at a directory may read everything from now on, and write nothing but what is named. */
function onlyReadable(dir: string, writable: readonly string[] = []): string {
  for (const name of filesOf(dir)) chmodSync(join(dir, name), writable.includes(name) ? 0o666 : 0o444)
  chmodSync(dir, 0o555)
  onTestFinished(() => givenBack(dir))
  for (const name of readdirSync(dir)) if (statSync(join(dir, name)).isDirectory()) chmodSync(join(dir, name), 0o555)
  return dir
}

function givenBack(dir: string): void {
  for (const name of filesOf(dir)) chmodSync(join(dir, name), 0o644)
  for (const name of readdirSync(dir)) if (statSync(join(dir, name)).isDirectory()) chmodSync(join(dir, name), 0o755)
  chmodSync(dir, 0o755)
}

/** Opens a log for writing in a directory whose looker may still only read. */
async function openedForWriting(dir: string): Promise<Log> {
  givenBack(dir)
  const log = await openLog(dir, { maintenance: false })
  onTestFinished(() => log.close())
  onlyReadable(dir)
  return log
}

function contentsOf(dir: string): Record<string, string> {
  return Object.fromEntries(
    filesOf(dir).map((name) => [name, `${statSync(join(dir, name)).mtimeMs} ${readFileSync(join(dir, name), 'hex')}`]),
  )
}

const inUse = (what: RegExp) => ({ code: 'log_in_use', message: expect.stringMatching(what) as string })

describe('a log that nobody writes', () => {
  test('is read by one who may write nothing there, whatever is asked, and stays as it is', async () => {
    const dir = onlyReadable(await written())
    const before = contentsOf(dir)
    const target = join(temporaryDirectory(), 'copy')
    chmodSync(join(target, '..'), 0o777)
    const looker = new Looker(dir, target)
    expect(await looker.answer()).toEqual({ ok: 'open' })
    const answers: Record<string, unknown> = {}
    for (const line of ['records', 'count', 'counts', 'state', 'lag', 'topics', 'problems', 'readers', 'backup']) {
      const { ok, code, message } = await looker.ask(line)
      answers[line] = ok ?? `${code}: ${message}`
    }
    expect(answers).toEqual({
      records: expect.arrayContaining(others) as unknown,
      count: 2,
      counts: 1 + others.length,
      state: 'stopped',
      lag: 0,
      topics: ['counted', 'words'],
      problems: 0,
      readers: 0,
      backup: 'copied',
    })
    for (const line of ['send', 'join']) expect(await looker.ask(line)).toMatchObject({ code: 'read_only' })
    expect(contentsOf(dir)).toEqual(before)
    looker.program.kill()
    await looker.program.exited
    const copy = await openLog(target, { readOnly: true })
    expect(await copy.admin.endOffsets(words)).toEqual(await endOffsetsOf(dir))
    await copy.close()
  })

  test('is read without its lock files, which nobody makes', async () => {
    const dir = await written()
    const copy = temporaryDirectory()
    chmodSync(copy, 0o755)
    const log = await openLog(dir, { readOnly: true })
    await log.admin.backup(join(copy, 'log'))
    await log.close()
    const looker = new Looker(onlyReadable(join(copy, 'log')))
    expect(await looker.answer()).toEqual({ ok: 'open' })
    expect(await looker.ask('count')).toEqual({ ok: 2 })
    expect(readdirSync(join(copy, 'log'))).toEqual(['data.mdb'])
    const writer = await openedForWriting(join(copy, 'log'))
    expect(await looker.ask('count')).toMatchObject(inUse(/open for writing/))
    await writer.close()
  })
})

async function endOffsetsOf(dir: string): Promise<readonly number[]> {
  givenBack(dir)
  const log = await openLog(dir, { readOnly: true })
  const offsets = await log.admin.endOffsets(words)
  await log.close()
  return offsets
}

describe('a log that is open for writing', () => {
  test('is refused with what to do, until every writer has closed it or is dead', async () => {
    const dir = onlyReadable(await written())
    const first = await openedForWriting(dir)
    givenBack(dir)
    const second = startProgram('send-on-request', [dir])
    expect(await second.line()).toBe('open')
    onlyReadable(dir)
    const looker = new Looker(dir)
    const refused = await looker.answer()
    expect(refused).toEqual(inUse(/a process has it open for writing.*lock\.mdb is missing.*grant that right/))
    expect(refused.message).toContain(dir)
    await first.close()
    expect(await looker.ask('')).toMatchObject(inUse(/open for writing/))
    second.kill()
    await second.exited
    expect(await looker.ask('')).toEqual({ ok: 'open' })
    expect(await looker.ask('count')).toEqual({ ok: 2 })
  })

  test('is not held up by those who are refused, nor by those who were there before', async () => {
    const dir = onlyReadable(await written())
    const looker = new Looker(dir)
    expect(await looker.answer()).toEqual({ ok: 'open' })
    expect(await looker.ask('twice')).toEqual({ ok: 'once' })
    const writer = await openedForWriting(dir)
    await send(writer, ['c'])
    await writer.close()
  })
})

describe('a writer that comes while it is looked', () => {
  test('is seen before the next read, though it has written nothing yet; and what it wrote once it is gone', async () => {
    const dir = onlyReadable(await written())
    const looker = new Looker(dir)
    expect(await looker.answer()).toEqual({ ok: 'open' })
    const writer = await openedForWriting(dir)
    for (const line of ['records', 'count', 'counts', 'state', 'lag', 'problems', 'readers']) {
      expect(await looker.ask(line)).toMatchObject(inUse(/open for writing/))
    }
    await send(writer, ['d'])
    await writer.close()
    expect((await looker.ask('records')).ok).toContain('d')
  })

  test('and goes before the next read is seen by what it wrote: nothing is shown from pages that it may have used', async () => {
    const dir = onlyReadable(await written())
    const looker = new Looker(dir)
    expect(await looker.answer()).toEqual({ ok: 'open' })
    expect(await looker.ask('twice')).toEqual({ ok: 'once' })
    const writer = await openedForWriting(dir)
    await send(writer, ['e'])
    await writer.close()
    expect(await looker.ask('')).toMatchObject(inUse(/has written to it meanwhile/))
    expect((await looker.ask('records')).ok).toContain('e')
  })
})

test('whose lock files may be written has a place among the readers, and reads beside a writer', async () => {
  const dir = onlyReadable(await written(), ['lock.mdb', 'commit.lock'])
  givenBack(dir)
  const writer = await openLog(dir, { maintenance: false })
  onTestFinished(() => writer.close())
  onlyReadable(dir, ['lock.mdb', 'commit.lock'])
  const looker = new Looker(dir)
  expect(await looker.answer()).toEqual({ ok: 'open' })
  await send(writer, ['f'])
  expect((await looker.ask('records')).ok).toContain('f')
  expect(await looker.ask('twice')).toEqual({ ok: 'once' })
  const others = async (): Promise<readonly LogReader[]> =>
    (await writer.admin.stats()).readers.filter(({ pid }) => pid !== process.pid)
  expect((await others()).map(({ commitsBehind }) => commitsBehind)).toContain(0)
  looker.program.kill()
  await looker.program.exited
  for (let i = 0; i < 17; i++) await send(writer, ['g'])
  expect(await others()).toEqual([])
})
