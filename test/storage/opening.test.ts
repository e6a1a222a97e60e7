// A directory is opened as a log only when it is one, of this format; everything else is refused and left as it was.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { open } from 'lmdb'
import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../src/core/errors.ts'
import { Environment } from '../../src/storage/environment.ts'
import { formatVersion } from '../../src/storage/opening.ts'
import { openEnvironment } from '../support/open.ts'
import { startProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const formatKey = Buffer.from('format')
const dataFile = (dir: string): string => join(dir, 'data.mdb')

/** Opens the directory and closes it again; the error when it is refused. */
async function refusalOf(dir: string): Promise<MillraceError | undefined> {
  try {
    await Environment.openNow(dir).close()
    return undefined
  } catch (error) {
    if (error instanceof MillraceError) return error
    throw error
  }
}

/** Makes a log, then changes what stands for its format. */
async function logOfFormat(stored: string): Promise<string> {
  const dir = temporaryDirectory()
  const environment = Environment.openNow(dir)
  environment.write((transaction) => transaction.put('meta', formatKey, Buffer.from(stored)))
  await environment.close()
  return dir
}

/** An LMDB environment of another program. */
async function foreignEnvironment(database: string | undefined): Promise<string> {
  const dir = temporaryDirectory()
  const root = open<string, string>({ path: dir, noSubdir: false })
  await (database === undefined ? root : root.openDB<string, string>({ name: database })).put('key', 'value')
  await root.close()
  return dir
}

describe('a directory', () => {
  test('is created with everything above it', async () => {
    const dir = join(temporaryDirectory(), 'deep', 'er')
    openEnvironment(dir)
    expect(existsSync(dataFile(dir))).toBe(true)
  })

  test('holds the files of LMDB, a lock, and nothing else', () => {
    expect(readdirSync(openEnvironment().dir).toSorted()).toEqual(['commit.lock', 'data.mdb', 'lock.mdb'])
  })

  test('is created anew where a creation was cut short', () => {
    const dir = temporaryDirectory()
    mkdirSync(join(dir, 'new-a'))
    writeFileSync(dataFile(join(dir, 'new-a')), 'the beginning')
    openEnvironment(dir).write((transaction) => transaction.put('topics', Buffer.from('a'), Buffer.from('b')))
    expect(openEnvironment(dir).get('topics', Buffer.from('a'))?.toString()).toBe('b')
  })

  test('holds after a close what it held before', async () => {
    const dir = temporaryDirectory()
    const environment = Environment.openNow(dir)
    environment.write((transaction) => transaction.put('topics', Buffer.from('a'), Buffer.from('b')))
    await environment.close()
    expect(openEnvironment(dir).get('topics', Buffer.from('a'))?.toString()).toBe('b')
  })

  test('carries the version of the format', () => {
    const stored = openEnvironment().get('meta', formatKey)?.toString() ?? ''
    expect(JSON.parse(stored)).toEqual({ format: formatVersion })
  })

  test('may be opened twice in one process', () => {
    const first = openEnvironment()
    const second = openEnvironment(first.dir)
    first.write((transaction) => transaction.put('topics', Buffer.from('a'), Buffer.from('b')))
    second.refresh()
    expect(second.get('topics', Buffer.from('a'))?.toString()).toBe('b')
  })

  test('that was closed refuses work', async () => {
    const environment = openEnvironment()
    await environment.close()
    await environment.close()
    const closed = expect.objectContaining({ code: 'closed', message: expect.stringContaining(environment.dir) })
    expect(environment.isClosed).toBe(true)
    expect(() => environment.get('meta', formatKey)).toThrow(closed)
    expect(() => environment.write(() => 1)).toThrow(closed)
    expect(() => environment.onCommit(() => undefined)).toThrow(closed)
  })
})

describe('a log of another format is refused and left as it was', () => {
  test.each([
    ['an older version', '{"format":5}', 'has log format 5, this version of millrace reads format 6'],
    ['a newer version', '{"format":7}', 'has log format 7, this version of millrace reads format 6'],
    ['no version', '{}', 'has log format undefined'],
    ['something unreadable', 'format two', 'has log format unreadable'],
  ])('%s', async (_, stored, message) => {
    const dir = await logOfFormat(stored)
    const before = readFileSync(dataFile(dir))
    expect(await refusalOf(dir)).toMatchObject({ code: 'format_unknown', message: expect.stringContaining(message) })
    expect(readFileSync(dataFile(dir)).equals(before)).toBe(true)
  })

  test('a newer version is named also when it has databases that this version does not know', async () => {
    const dir = await logOfFormat('{"format":7}')
    const root = open({ path: dir, noSubdir: false })
    root.openDB({ name: 'transactions' })
    await root.close()
    const error = await refusalOf(dir)
    expect(error).toMatchObject({ code: 'format_unknown', message: expect.stringContaining('has log format 7') })
  })
})

describe('an LMDB environment of another program is refused and left as it was', () => {
  test.each([
    ['with a database of its own', 'users', '"users"'],
    ['with rows outside of databases', undefined, '"key"'],
    ['with a database named like one of ours', 'state', 'not a millrace log'],
    ['with a database named like the one that holds our format', 'meta', 'not a millrace log'],
  ])('%s', async (_, database, message) => {
    const dir = await foreignEnvironment(database)
    const before = readFileSync(dataFile(dir))
    expect(await refusalOf(dir)).toMatchObject({ code: 'format_unknown', message: expect.stringContaining(message) })
    expect(readFileSync(dataFile(dir)).equals(before)).toBe(true)
  })
})

test('a file that is no LMDB environment, or only the beginning of one, is refused, and the process lives', async () => {
  const real = temporaryDirectory()
  await Environment.openNow(real).close()
  const damages: Readonly<Record<string, Buffer>> = {
    text: Buffer.from('This is my diary. '.repeat(5_000)),
    'one byte': Buffer.from('x'),
    zeros: Buffer.alloc(65_536),
    ones: Buffer.alloc(65_536, 255),
    'a page and a half': readFileSync(dataFile(real)).subarray(0, 24_000),
    'less than a page': readFileSync(dataFile(real)).subarray(0, 3_000),
    'less than a header': readFileSync(dataFile(real)).subarray(0, 30),
  }
  const dirs = Object.entries(damages).map(([name, contents]) => {
    const dir = temporaryDirectory()
    writeFileSync(dataFile(dir), contents)
    return { name, dir }
  })
  const program = startProgram(
    'open-directories',
    dirs.map(({ dir }) => dir),
  )
  const said = await program.restOfLines()
  expect(await program.exited, `the last to be opened was: ${dirs[said.length]?.name}`).toEqual({
    code: 0,
    signal: null,
  })
  const answers = said.map((line, index) => ({ name: dirs[index]?.name, ...(JSON.parse(line) as object) }))
  expect(answers).toEqual(
    dirs.map(({ name, dir }) => ({
      name,
      code: expect.stringMatching(/^(format_unknown|damaged)$/),
      message: expect.stringContaining(dir),
    })),
  )
})

describe('a path that cannot hold a directory', () => {
  test.each([
    ['is a file', 'file'],
    ['lies under a file', join('file', 'data')],
  ])('%s', async (_, path) => {
    const dir = temporaryDirectory()
    writeFileSync(join(dir, 'file'), 'contents')
    const error = await refusalOf(join(dir, path))
    expect(error).toMatchObject({ code: 'storage_failed', message: expect.stringContaining(join(dir, path)) })
    expect(error?.cause).toBeInstanceOf(Error)
    expect(readFileSync(join(dir, 'file'), 'utf8')).toBe('contents')
  })

  test('lies where the system makes no directories', async () => {
    expect(await refusalOf('/proc/millrace/log')).toMatchObject({ code: 'storage_failed' })
  })

  test('has something else in the place of the file', async () => {
    const dir = temporaryDirectory()
    mkdirSync(dataFile(dir))
    const program = startProgram('open-directories', [dir])
    expect(await program.line()).toMatch(/"(format_unknown|storage_failed)"/)
  })
})
