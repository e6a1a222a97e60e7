// A file that has lost its last commit, or its end, is refused by name; one that a crash has left is not.
import { closeSync, copyFileSync, cpSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { MillraceError } from '../../src/core/errors.ts'
import { DataFile } from '../../src/storage/data-file.ts'
import { dataFileOf } from '../../src/storage/directory.ts'
import { Environment } from '../../src/storage/environment.ts'
import { openEnvironment } from '../support/open.ts'
import { startProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { errorOf } from '../support/thrown.ts'

const pageBytes = 16_384
/** Of a meta page: what LMDB writes, and where the seal is. */
const metaBytes = 168
const transactionAt = 152
const seal = { at: 256, bytes: 24 } as const
const slots = [0, 1] as const
const commits = 12

const rowOf = (n: number): Buffer => Buffer.from(`row ${String(n).padStart(2, '0')}`)

function commit(environment: Environment, n: number): void {
  environment.write((transaction) => transaction.put('state', rowOf(n), Buffer.alloc(30_000, n)))
}

/** The file after every one of some commits, each as whole as a process that is killed there leaves it. */
async function history(): Promise<Buffer[]> {
  const dir = temporaryDirectory()
  const environment = Environment.openNow(dir)
  const images = Array.from({ length: commits }, (_, n) => {
    commit(environment, n)
    return readFileSync(dataFileOf(dir))
  })
  await environment.close()
  return images
}

async function backup(): Promise<Buffer> {
  const environment = openEnvironment()
  for (let n = 0; n < commits; n++) commit(environment, n)
  const dir = temporaryDirectory()
  await environment.copyInto(dir)
  return readFileSync(dataFileOf(dir))
}

const transactionOf = (image: Buffer, slot: 0 | 1): bigint => image.readBigUInt64LE(slot * pageBytes + transactionAt)
const newestOf = (image: Buffer): 0 | 1 => (transactionOf(image, 0) >= transactionOf(image, 1) ? 0 : 1)

function withoutSeal(image: Buffer, slot: 0 | 1): Buffer {
  return Buffer.from(image).fill(0, slot * pageBytes + seal.at, slot * pageBytes + seal.at + seal.bytes)
}

/** A directory that has this for its data file, and nothing else. */
function directoryOf(image: Buffer): string {
  const dir = temporaryDirectory()
  writeFileSync(dataFileOf(dir), image)
  return dir
}

/** What the check says of a file; nothing but it opens the file. */
function refusalOf(path: string): MillraceError | undefined {
  let file: DataFile | undefined
  try {
    file = new DataFile(path)
    file.check()
    return undefined
  } catch (error) {
    if (error instanceof MillraceError) return error
    throw error
  } finally {
    file?.close()
  }
}

function rowsOf(dir: string): number {
  return openEnvironment(dir).range('state', Buffer.from('row '), Buffer.from('row~'), 1_000).length
}

describe('a flipped bit in a meta page', () => {
  test.each([
    ['after the last commit', async () => (await history()).at(-1)],
    ['after the commit before it', async () => (await history()).at(-2)],
    ['of a backup', backup],
  ])('%s is refused, or nothing that LMDB takes has changed', async (_, imageOf) => {
    const image = (await imageOf()) ?? Buffer.alloc(0)
    const path = dataFileOf(directoryOf(image))
    const file = openSync(path, 'r+')
    onTestFinished(() => closeSync(file))
    const refused = { newest: 0, older: 0 }
    const newest = newestOf(image)
    const flipped = Buffer.from(image)
    for (const slot of slots) {
      for (let bit = 0; bit < metaBytes * 8; bit++) {
        const at = slot * pageBytes + (bit >> 3)
        flipped[at] = (image[at] ?? 0) ^ (1 << (bit & 7))
        writeSync(file, flipped, at, 1, at)
        const refusal = refusalOf(path)
        const newestNow = newestOf(flipped)
        flipped[at] = image[at] ?? 0
        writeSync(file, image, at, 1, at)
        if (refusal !== undefined) {
          expect(['damaged', 'format_unknown']).toContain(refusal.code)
          expect(refusal.message).toContain(path)
          expect(refusal.message).toContain('restore a backup')
          refused[slot === newest ? 'newest' : 'older']++
          continue
        }
        expect([slot, newestNow], `bit ${bit} of page ${slot}`).toEqual([newest === 0 ? 1 : 0, newest])
      }
    }
    expect(refused.newest).toBe(metaBytes * 8)
    // Of the older page only what would make it the newest matters, and what LMDB reads of page 0 in any case.
    expect(refused.older).toBeGreaterThan(50)
  })

  test('is refused when the log is opened, whatever else is in the directory', async () => {
    const dir = temporaryDirectory()
    const environment = Environment.openNow(dir)
    for (let n = 0; n < commits; n++) commit(environment, n)
    await environment.close()
    const image = readFileSync(dataFileOf(dir))
    const last = Number(transactionOf(image, newestOf(image)))
    for (const [slot, bits, why] of [
      [newestOf(image), 2 ** Math.floor(Math.log2(last)), `commit ${last} is missing`],
      [newestOf(image) === 0 ? 1 : 0, 64, 'does not follow the one before it'],
    ] as const) {
      const flipped = Buffer.from(image)
      const at = slot * pageBytes + transactionAt
      flipped[at] = (image[at] ?? 0) ^ bits
      writeFileSync(dataFileOf(dir), flipped)
      expect(errorOf(() => Environment.openNow(dir))).toMatchObject({
        code: 'damaged',
        message: expect.stringContaining(why),
      })
    }
    for (const name of ['lock.mdb', 'commit.lock']) {
      rmSync(join(dir, name))
      expect(errorOf(() => Environment.openNow(dir)).code).toBe('damaged')
    }
    writeFileSync(dataFileOf(dir), image)
    expect(rowsOf(dir)).toBe(commits)
  })
})

describe('a sound file is opened with its last commit', () => {
  test('when no seal, or one that is older, or half of one is on the disk', async () => {
    const images = await history()
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: commits - 1 }),
        fc.tuple(fc.nat({ max: commits }), fc.nat({ max: commits })),
        fc.constantFrom(0, 1, 11, seal.bytes),
        (at, lags, kept) => {
          const image = Buffer.from(images[at] as Buffer)
          for (const slot of slots) {
            const older = images[Math.max(0, at - lags[slot])] as Buffer
            const sealed = slot * pageBytes + seal.at
            older.copy(image, sealed + kept, sealed + kept, sealed + seal.bytes)
          }
          const dir = directoryOf(image)
          expect(rowsOf(dir)).toBe(at + 1)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('when LMDB has put an older page back after a write that failed, in part', async () => {
    const [before, after] = (await history()).slice(-2) as [Buffer, Buffer]
    const slot = newestOf(after)
    const image = Buffer.from(before)
    // All of the commit that failed, but for its number and its last page.
    after.copy(image, slot * pageBytes + 40, slot * pageBytes + 40, slot * pageBytes + 144)
    expect(image.equals(before)).toBe(false)
    expect(rowsOf(directoryOf(image))).toBe(commits - 1)
  })

  test('when it was copied after it was closed, alone or with its directory', async () => {
    const dir = temporaryDirectory()
    const environment = Environment.openNow(dir)
    for (let n = 0; n < commits; n++) commit(environment, n)
    await environment.close()
    const [whole, alone, older] = [temporaryDirectory(), temporaryDirectory(), temporaryDirectory()]
    cpSync(dir, whole, { recursive: true })
    copyFileSync(dataFileOf(dir), dataFileOf(alone))
    cpSync(dir, older, { recursive: true })
    const again = Environment.openNow(dir)
    commit(again, commits)
    await again.close()
    // A file that is brought back beside the locks of a newer one.
    copyFileSync(dataFileOf(older), dataFileOf(dir))
    for (const copy of [whole, alone, dir]) expect(rowsOf(copy)).toBe(commits)
  })

  test('when it is a backup, with and without its seals, and after its first commits', async () => {
    const image = await backup()
    for (const backedUp of [image, withoutSeal(image, 1), withoutSeal(withoutSeal(image, 0), 1)]) {
      const dir = directoryOf(backedUp)
      for (const more of [0, 1, 2]) {
        const environment = Environment.openNow(dir)
        if (more > 0) commit(environment, commits + more)
        await environment.close()
        writeFileSync(dataFileOf(dir), withoutSeal(readFileSync(dataFileOf(dir)), more % 2 === 0 ? 0 : 1))
        expect(rowsOf(dir)).toBe(commits + more)
      }
    }
  })
})

describe('a file that was cut', () => {
  test('is refused wherever it was cut', async () => {
    const image = (await history()).at(-1) as Buffer
    const path = dataFileOf(temporaryDirectory())
    for (let end = image.length - 1; end >= 0; end -= 4_095) {
      writeFileSync(path, image.subarray(0, end))
      expect(refusalOf(path)?.code, `at ${end}`).toMatch(
        end < pageBytes + metaBytes ? /^(damaged|format_unknown)$/ : /^damaged$/,
      )
    }
  })

  test('is refused when it is empty', () => {
    const dir = directoryOf(Buffer.alloc(0))
    expect(errorOf(() => Environment.openNow(dir))).toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('it is empty'),
    })
  })

  test('without a seal is read as zeros where it is gone, and the process lives', async () => {
    const image = withoutSeal(withoutSeal((await history()).at(-1) as Buffer, 0), 1)
    const dirs = Array.from({ length: 10 }, (_, pages) =>
      directoryOf(image.subarray(0, image.length - pages * pageBytes)),
    )
    const program = startProgram('open-directories', dirs)
    const said = await program.restOfLines()
    expect(await program.exited).toEqual({ code: 0, signal: null })
    expect(said).toHaveLength(dirs.length)
    for (const line of said) expect(line).toMatch(/opened|"damaged"|"storage_failed"/)
  })
})

test('a meta page that is a copy of the other one is refused, where it hides the newest commit', async () => {
  const images = await history()
  for (const image of images.slice(-2)) {
    const newest = newestOf(image)
    for (const bytes of [512, 4_096, pageBytes]) {
      const older = newest === 0 ? pageBytes : 0
      const copied = Buffer.from(image)
      image.copy(copied, newest * pageBytes, older, older + bytes)
      expect(refusalOf(dataFileOf(directoryOf(copied)))?.code).toBe('damaged')
    }
  }
})
