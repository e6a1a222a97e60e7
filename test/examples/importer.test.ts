// The importer: every line once and byte for byte, wherever it is stopped, whatever the lines are.
import { appendFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { accessLogLines } from '../../examples/clicks.ts'
import { Importer } from '../../examples/clicks/importer.ts'
import { LineSplitter } from '../../examples/clicks/line-splitter.ts'
import { openSource, type Source } from '../../examples/clicks/source.ts'
import type { Log } from '../../src/log/face.ts'
import { accessLogBytes, readLines } from '../support/access-log.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'

const forever = new AbortController().signal

async function importAll(log: Log, source: Source): Promise<void> {
  await using importer = await Importer.open(log)
  await importer.import(source, { follow: false, signal: forever })
}

async function importFile(log: Log, path: string, dir: string): Promise<void> {
  await importAll(log, await openSource(path, dir))
}

interface Imported {
  readonly partition: number
  readonly timestamp: number
  readonly line: string
}

/** All records of the access log, their lines as latin1. */
async function imported(log: Log): Promise<Imported[]> {
  const records = await collect(log.read(accessLogLines))
  return records.map(({ partition, timestamp, value }) => ({
    partition,
    timestamp,
    line: Buffer.from(value).toString('latin1'),
  }))
}

const linesOf = (records: readonly Imported[]): string[] => records.map(({ line }) => line).sort()

test('what follows the last line break of a stream that ends is a line, also where a file would be followed', async () => {
  const { log } = openTestLog()
  await using importer = await Importer.open(log)
  const source: Source = {
    name: '-',
    title: 'standard input',
    size: undefined,
    async *blocks() {
      yield Buffer.from('a 1\na 2')
    },
  }
  await importer.import(source, { follow: true, signal: forever })
  expect(linesOf(await imported(log))).toEqual(['a 1', 'a 2'])
})

test('a file is imported once, in as many runs as it takes to grow', async () => {
  const { log, dir } = openTestLog()
  const path = join(dir, 'access.log')
  writeFileSync(path, 'a 1\n')
  await importFile(log, path, dir)
  appendFileSync(path, 'a 2\r\n\na 3')
  await importFile(log, path, dir)
  await importFile(log, path, dir)
  appendFileSync(path, '\na 4\n')
  await importFile(log, path, dir)
  await importFile(log, path, dir)
  expect(linesOf(await imported(log))).toEqual(['', 'a 1', 'a 2', 'a 3', 'a 4'])
})

test('every file has a place of its own', async () => {
  const { log, dir } = openTestLog()
  for (const name of ['one.log', 'two.log', 'one.log']) {
    writeFileSync(join(dir, name), `${name} line\n`)
    await importFile(log, join(dir, name), dir)
  }
  expect(linesOf(await imported(log))).toEqual(['one.log line', 'two.log line'])
})

test('a file that became shorter is refused, and nothing of it is imported', async () => {
  const { log, dir } = openTestLog()
  const path = join(dir, 'access.log')
  writeFileSync(path, 'a 1\na 2\n')
  await importFile(log, path, dir)
  truncateSync(path, 4)
  await expect(importFile(log, path, dir)).rejects.toThrow(`${path} has 4 bytes, but 8 bytes of it were imported`)
  expect(await imported(log)).toHaveLength(2)
})

test('a malformed line is a record with the time of the line before it', async () => {
  const { log, dir } = openTestLog()
  const path = join(dir, 'access.log')
  const bytes = accessLogBytes(20_000)
  writeFileSync(path, Buffer.concat([Buffer.from('no line\n'), bytes]))
  await importFile(log, path, dir)
  const times = (await imported(log)).map(({ timestamp }) => timestamp).sort((a, b) => a - b)
  const expected = readLines(bytes).map(({ time }) => time)
  expect(times).toEqual([0, ...expected].sort((a, b) => a - b))
})

test('bytes of any kind arrive as they are, and no line is longer than 256 KiB', async () => {
  const { log, dir } = openTestLog()
  const path = join(dir, 'access.log')
  const everyByte = Buffer.from(Array.from({ length: 255 }, (_, index) => (index < 10 ? index : index + 1)))
  const first = accessLogBytes(1).toString().trimEnd() // or else the file is taken for a binary one
  writeFileSync(
    path,
    Buffer.concat([Buffer.from(`${first}\n`), everyByte, Buffer.from(`\n${'x'.repeat(3_000_000)}\nlast\n`)]),
  )
  await importFile(log, path, dir)
  expect(linesOf(await imported(log))).toEqual(
    [everyByte.toString('latin1'), first, 'last', 'x'.repeat(262_144)].sort(),
  )
})

describe('wherever an import breaks off', () => {
  const bytes = accessLogBytes(400)
  const whole = bytes.toString('latin1').split('\n').slice(0, -1)

  /** Hands out blocks of these sizes, and then fails as a disk does. */
  const failing = (sizes: readonly number[]): Source => ({
    name: 'access.log',
    title: 'access.log',
    size: bytes.length,
    async *blocks({ from }) {
      let position = from
      for (const size of sizes) {
        yield bytes.subarray(position, position + size)
        position += size
      }
      throw new Error('the disk is gone')
    },
  })

  test('the log holds a beginning of the file, and the next import brings the rest', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 30_000 }), { maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(fc.array(sizes, { maxLength: 3 }), async (runs) => {
        const { log, dir } = openTestLog()
        for (const blocks of runs) {
          await expect(importAll(log, failing(blocks))).rejects.toThrow('the disk is gone')
          const lines = linesOf(await imported(log).catch(() => []))
          expect(lines).toEqual(whole.slice(0, lines.length).sort())
        }
        writeFileSync(join(dir, 'access.log'), bytes)
        await importFile(log, join(dir, 'access.log'), dir)
        const records = await imported(log)
        expect(linesOf(records)).toEqual(whole.toSorted())
        for (let partition = 0; partition < 4; partition++) {
          const here = records.filter((record) => record.partition === partition).map(({ line }) => line)
          expect(here).toEqual(whole.filter((line) => here.includes(line)))
        }
      }),
      { numRuns: 15 },
    )
  })
})

test('lines do not depend on how the bytes come in', () => {
  const text = fc.array(fc.constantFrom('a', 'b', '\r', '\n', '\r\n', '\u{ff}'), { maxLength: 60 })
  fc.assert(
    fc.property(text, fc.array(fc.integer({ min: 0, max: 8 })), (pieces, sizes) => {
      const bytes = Buffer.from(pieces.join(''), 'latin1')
      const splitter = new LineSplitter(100)
      const lines: Buffer[] = []
      let at = 0
      for (const size of sizes) {
        lines.push(...splitter.split(bytes.subarray(at, at + size)))
        at += size
        const ended = bytes.subarray(0, at).lastIndexOf('\n') + 1
        expect(splitter.position).toBe(100 + ended)
      }
      lines.push(...splitter.split(bytes.subarray(at)), ...splitter.rest())
      const expected = bytes.toString('latin1').split('\n')
      if (expected.at(-1) === '') expected.pop()
      expect(lines.map((line) => line.toString('latin1'))).toEqual(expected.map((line) => line.replace(/\r$/, '')))
      expect(splitter.position).toBe(100 + bytes.length)
    }),
  )
})
