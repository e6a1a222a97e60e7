// The public way to a log: open it, use it, close it; what cannot be opened is a rejection that says why.
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { MillraceError } from '../../src/core/errors.ts'
import { applicationLogOf } from '../../src/log/contract.ts'
import { openLog } from '../../src/log/log.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { rejectionOf } from '../support/thrown.ts'
import { lines, words } from '../support/topics.ts'

describe('a log', () => {
  test('holds after it was closed and opened again what was sent to it', async () => {
    const dir = join(temporaryDirectory(), 'data')
    for (let round = 0; round < 3; round++) {
      const log = await openLog(dir)
      const sent = await log.producer().send(lines, { key: 'a', value: `round ${round}` })
      expect(sent).toEqual({ topic: 'lines', partition: 0, offset: round })
      await log.close()
    }
    const log = await openLog(dir)
    expect((await collect(log.read(lines))).map(({ value }) => value)).toEqual(['round 0', 'round 1', 'round 2'])
    await log[Symbol.asyncDispose]()
    await log.close()
  })

  test('writes what its producers hold when it is closed', async () => {
    const dir = temporaryDirectory()
    const log = await openLog(dir)
    const [first, second] = [log.producer({ lingerMs: 60_000 }), log.producer({ lingerMs: 60_000 })]
    const sends = [first.send(lines, { key: 'a', value: '1' }), second.send(lines, { key: 'a', value: '2' })]
    await log.close()
    await Promise.all(sends)
    const again = await openLog(dir)
    expect(await again.admin.endOffsets(lines)).toEqual([2])
    await again.close()
  })

  test('is closed although a producer cannot write, and the others write', async () => {
    const { log, embedded } = openTestLog()
    const [failing, other] = [log.producer(), log.producer()]
    const refusal = new MillraceError('disk_full', 'no room')
    const append = embedded.partitions.append.bind(embedded.partitions)
    vi.spyOn(embedded.partitions, 'append').mockImplementation((transaction, partition, batches, nowMs) => {
      if (partition.topic === words.name) throw refusal
      return append(transaction, partition, batches, nowMs)
    })
    const lost = rejectionOf(failing.send(words, { key: 'a', value: '2' }))
    const kept = other.send(lines, { key: 'a', value: '3' })
    expect(await rejectionOf(log.close())).toBe(refusal)
    expect(await lost).toBe(refusal)
    expect(await kept).toMatchObject({ offset: 0 })
    expect(await rejectionOf(log.admin.listTopics())).toMatchObject({ code: 'closed' })
    await log.close()
  })

  test('has a log for applications behind it, and nothing else has', async () => {
    const log = await openLog(temporaryDirectory())
    expect(applicationLogOf(log)).toBe(applicationLogOf(log))
    expect(() => applicationLogOf({ admin: log.admin })).toThrow(expect.objectContaining({ code: 'bad_option' }))
    await log.close()
  })
})

describe('what cannot be opened is a rejection', () => {
  test('for a path that is a file', async () => {
    const path = join(temporaryDirectory(), 'file')
    writeFileSync(path, 'contents')
    await expect(openLog(path)).rejects.toMatchObject({
      code: 'storage_failed',
      message: expect.stringContaining(path),
    })
  })

  test.each(['', 5, undefined])('for the path %j', async (dir) => {
    await expect(openLog(dir as string)).rejects.toMatchObject({ code: 'bad_option' })
  })

  // Each of them would leave out a flush.
  test.each(['throwAway', 'noSync', 'noMetaSync', 'mapAsync', 'overlappingSync'])(
    'with the option %s',
    async (name) => {
      const dir = temporaryDirectory()
      await expect(openLog(dir, { [name]: true })).rejects.toMatchObject({ code: 'bad_option' })
      expect(readdirSync(dir)).toEqual([])
    },
  )
})
