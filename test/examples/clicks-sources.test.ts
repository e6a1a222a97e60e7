// What the demo is given instead of plain lines: read where it can be, and else named for what it is, with a hint.
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { accessLogLines } from '../../examples/clicks.ts'
import { complaintAbout } from '../../examples/clicks/complaint.ts'
import { Importer, type Place } from '../../examples/clicks/importer.ts'
import { openSource, type Source } from '../../examples/clicks/source.ts'
import { unpacked } from '../../examples/clicks/unpacking.ts'
import { accessLogBytes, accessLogFile, countedAsJson, readLines } from '../support/access-log.ts'
import { collect } from '../support/collect.ts'
import { runExample } from '../support/example.ts'
import { openTestLog } from '../support/open.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const minute = { windowMs: 60_000, graceMs: 60_000 }
const line = '127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET /first HTTP/1.0" 200 2326 "-" "x"'
const time = Date.UTC(2000, 9, 10, 20, 55, 36)
const reading = { follow: false, signal: new AbortController().signal }

function fileOf(bytes: Uint8Array | string): string {
  const path = join(temporaryDirectory(), 'access.log')
  writeFileSync(path, bytes)
  return path
}

/** Imports a file of these bytes: its place afterwards and its records. */
async function imported(bytes: Uint8Array | string): Promise<{ place: Place; source: Source; times: number[] }> {
  const { log, dir } = openTestLog()
  const source = await openSource(fileOf(bytes), dir)
  await using importer = await Importer.open(log)
  await importer.import(source, reading)
  const place = importer.placeOf(source)
  const records = place.lines === 0 ? [] : await collect(log.read(accessLogLines))
  return { place, source, times: records.map(({ timestamp }) => timestamp) }
}

test.each([
  ['a byte order mark', `\u{feff}${line}\n${line}\n`],
  ['a byte order mark in its middle, as of files put together', `${line}\n\u{feff}${line}\n`],
  ['carriage returns before its line feeds', `${line}\r\n${line}\r\n`],
  ['no line feed at its end', `${line}\n${line}`],
  ['lines of the Common Log Format', `${line}\n${line}\n`.replaceAll(' "-" "x"', '')],
  ['more fields', `${line} "10.0.0.1"\n${line} 0.002\n`],
  ['gzip', gzipSync(`${line}\n${line}\n`)],
  ['gzip in two members', Buffer.concat([gzipSync(`${line}\n`), gzipSync(`${line}\n`)])],
  ['gzip, twice', gzipSync(gzipSync(`${line}\n${line}\n`))],
  ['zeros in a line', `${line}\n${line.replace('"x"', '"\0"')}\n`],
])('a log with %s is read', async (_, bytes) => {
  const { place, times } = await imported(bytes)
  expect(place).toMatchObject({ lines: 2, malformed: 0, timestamp: time })
  expect(times).toEqual([time, time])
})

const begins = (magic: string): Buffer => Buffer.concat([Buffer.from(magic, 'latin1'), Buffer.alloc(600, 'x')])
const tar = Buffer.alloc(1_024)
tar.write('access.log')
tar.write('ustar', 257)
const refused: readonly (readonly [name: string, bytes: Buffer, hint: string])[] = [
  ['compressed with zstd', begins('\x28\xb5\x2f\xfd'), 'zstdcat'],
  ['compressed with bzip2', begins('BZh91AY&SY'), 'bzcat'],
  ['compressed with xz', begins('\xfd7zXZ\0'), 'xzcat'],
  ['compressed with lz4', begins('\x04\x22\x4d\x18'), 'lz4cat'],
  ['a ZIP archive', begins('PK\x03\x04'), 'unzip -p'],
  ['a 7-Zip archive', begins('7z\xbc\xaf\x27\x1c'), '7z x -so'],
  ['a tar archive', tar, 'tar -xOf'],
  ['text in UTF-16', Buffer.from(`\u{feff}${line}\n`, 'utf16le'), 'iconv -f UTF-16 -t UTF-8'],
  ['text in UTF-16', Buffer.from(`\u{feff}${line}\n`, 'utf16le').swap16(), 'iconv -f UTF-16 -t UTF-8'],
  ['text in UTF-16LE', Buffer.from(`${line}\n`, 'utf16le'), 'iconv -f UTF-16LE -t UTF-8'],
  ['text in UTF-16BE', Buffer.from(`${line}\n`, 'utf16le').swap16(), 'iconv -f UTF-16BE -t UTF-8'],
  ['not text: byte 3 is 0', Buffer.from('ELF\0\u{1}\u{2}'.repeat(200)), String.raw`tr -d '\0' <`],
]

describe.each(refused)('what is %s', (name, bytes, hint) => {
  test('is refused by that name, as a file, inside of gzip and as a stream, and nothing of it is imported', async () => {
    const { log, dir } = openTestLog()
    const path = fileOf(bytes)
    await expect(openSource(path, dir)).rejects.toThrow(`${path} is ${name}`)
    await expect(openSource(path, dir)).rejects.toThrow(`${hint} ${path} | npm run clicks -- -`)
    const packed = await openSource(fileOf(gzipSync(bytes)), dir)
    await using importer = await Importer.open(log)
    await expect(importer.import(packed, reading)).rejects.toThrow(`is ${name}`)
    expect(importer.lines).toBe(0)
    await expect(unpacked('standard input', Readable.from([bytes]))).rejects.toThrow(`${hint} FILE |`)
  })
})

test('a stream may come in pieces of any size', async () => {
  const pieces = [...gzipSync(`${line}\n`)].map((byte) => Buffer.from([byte]))
  const text = await collect(await unpacked('it', Readable.from(pieces, { objectMode: false })))
  expect(Buffer.concat(text as Buffer[]).toString()).toBe(`${line}\n`)
  for (const short of ['', 'a', `${line}\n`]) {
    const read = await collect(await unpacked('it', Readable.from([Buffer.from(short)], { objectMode: false })))
    expect(Buffer.concat(read as Buffer[]).toString()).toBe(short)
  }
})

test('gzip that is cut off is said to be, and the whole file brings every line once', async () => {
  const { log, dir } = openTestLog()
  const bytes = accessLogBytes(20_000)
  const path = fileOf(gzipSync(bytes))
  const whole = gzipSync(bytes)
  truncateSync(path, whole.length - 1_000)
  await using importer = await Importer.open(log)
  const importFile = async (): Promise<void> => importer.import(await openSource(path, dir), reading)
  await expect(importFile()).rejects.toThrow(`${path} is compressed with gzip, and cut off or damaged: unexpected end`)
  expect(importer.lines).toBeGreaterThan(0)
  expect(importer.lines).toBeLessThan(20_000)
  writeFileSync(path, whole)
  await importFile()
  const lines = (await collect(log.read(accessLogLines))).map(({ value }) => Buffer.from(value).toString('latin1'))
  expect(lines.toSorted()).toEqual(bytes.toString('latin1').trimEnd().split('\n').toSorted())
})

test.each([
  ['{"time":"2024-05-01T10:00:00Z","method":"GET"}', 'It looks like JSON.'],
  ['#Software: Microsoft Internet Information Services 10.0', 'It looks like the W3C Extended Log Format'],
  ['<html><body>Not found</body></html>', 'It looks like XML or HTML.'],
  ['[Wed Oct 11 14:32:52.123 2000] [error] [client 127.0.0.1] client denied', 'It looks like an error log'],
  ['2024/05/01 10:00:00 [error] 12#12: *1 open() failed', 'It looks like an error log'],
  [`Oct  1 10:00:00 web nginx: ${line}`, 'It looks like syslog'],
  ['time:28/Feb/2013:12:00:00 +0900\thost:192.168.0.1', 'It looks like LTSV.'],
  [`${line}\r${line}\r${line}`, 'Its lines end in carriage returns alone'],
  ['some words that \u{1b}[31mnobody\u{1b}[0m knows', undefined],
  ['x'.repeat(300_000), 'The line is longer than 256 KiB.'],
])('most lines malformed: %#', async (text, hint) => {
  const { place, source } = await imported(`${line}\n${text}\n${text}\n`)
  expect(place).toMatchObject({ lines: 3, malformed: 2, firstMalformed: { number: 2 } })
  const complaint = complaintAbout(source.title, place) ?? ''
  expect(complaint).toContain(`${source.title}: 2 of 3 lines are malformed. The first is line 2:\n`)
  expect(complaint).toContain(JSON.stringify(text).slice(0, 100))
  expect(complaint).toContain('A line has to be in Common or Combined Log Format')
  if (hint === undefined) expect(complaint).not.toContain('looks like')
  else expect(complaint).toContain(hint)
  expect(complaint.replaceAll('\n', '')).not.toMatch(/\p{C}/u)
  for (const shown of complaint.split('\n')) expect(shown.length).toBeLessThan(300)
})

test('half of the lines malformed is an access log still', async () => {
  const { place, source } = await imported(`no\n${line}\n`)
  expect(place).toMatchObject({ lines: 2, malformed: 1 })
  expect(complaintAbout(source.title, place)).toBeUndefined()
})

describe('on the command line', () => {
  const main = 'clicks/main'

  test('a log in gzip counts as the log does, from a file and from standard input, once', async () => {
    const path = accessLogFile(2_000)
    const dir = temporaryDirectory()
    const bytes = accessLogBytes(2_000)
    writeFileSync(`${path}.gz`, gzipSync(bytes))
    const expected = { code: 0, stdout: countedAsJson(readLines(bytes), minute) }
    expect(await runExample(main, ['--json', '--dir', dir, `${path}.gz`])).toMatchObject(expected)
    expect(await runExample(main, ['--json', '--dir', dir, `${path}.gz`])).toMatchObject(expected)
    expect(
      await runExample(main, ['--json', '--dir', temporaryDirectory(), '-'], { input: gzipSync(bytes) }),
    ).toMatchObject(expected)
  })

  test('a log of another format says so below its totals, with exit code 1; --malformed shows its lines, with 0', async () => {
    const path = fileOf('{"method":"GET"}\n')
    const dir = temporaryDirectory()
    const outcome = await runExample(main, ['--dir', dir, path])
    expect(outcome).toMatchObject({ code: 1, stdout: expect.stringContaining('1 malformed') as string })
    expect(outcome.stderr).toContain(`${path}: 1 of 1 lines are malformed. The first is line 1:\n    "{\\"method\\":`)
    expect(await runExample(main, ['--malformed', '--dir', dir, path])).toMatchObject({ code: 0 })
  })

  test('an empty log is said to be empty', async () => {
    const path = fileOf('')
    const outcome = await runExample(main, ['--dir', temporaryDirectory(), path])
    expect(outcome.code).toBe(0)
    expect(outcome.stderr).toContain(`${path} is empty.\n`)
  })
})
