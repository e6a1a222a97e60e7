// Memory is bounded by configuration, whatever waits in the log and whatever a record makes.
import { type OnError, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { Turn } from '../../src/plan/turn.ts'
import { Output } from '../../src/runtime/outputs.ts'
import { collectGarbage } from '../support/garbage.ts'
import { start } from '../support/applications.ts'
import { onCommits } from '../support/sessions.ts'
import { openTestLog } from '../support/open.ts'
import { startProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { input, output, topologyOf } from '../support/topology.ts'

test('a backlog of 300,000 records is worked on in a heap of 48 MB', async () => {
  const dir = temporaryDirectory()
  const fill = startProgram('count-backlog', ['fill', dir, '300000'])
  expect(await fill.line()).toBe('300000')
  await fill.exited
  const work = startProgram('count-backlog', ['work', dir], { heapMegabytes: 48 })
  expect(await work.line()).toBe('300000')
  expect(Number(await work.line())).toBeLessThan(100 * 2 ** 20)
})

describe('a commit comes early', () => {
  /** 32 MiB of outputs, and the record that was one too many. */
  const bound = 33_554_432 + 300_000

  /** The most bytes that one commit appended, of 44 MB. */
  async function largestCommit(
    value: string,
    copy: (value: string) => readonly string[],
    onError: OnError = 'fail',
  ): Promise<number> {
    const { log, embedded } = openTestLog()
    let largest = 0
    onCommits(embedded, ({ appends }, next) => {
      const bytes = appends.flatMap(({ batches }) => batches.map(({ length }) => length))
      largest = Math.max(
        largest,
        bytes.reduce((sum, length) => sum + length, 0),
      )
      return next()
    })
    const copies = topologyOf((builder) =>
      builder
        .stream(input)
        .flatMapValues((record) => copy(record.value))
        .to(output),
    )
    const app = await start(log, copies, { onError, commit: { everyMs: 1_000_000, everyRecords: 1_000_000 } })
    const producer = log.producer()
    const records = Array.from({ length: 20 }, (_, i) => ({ key: 'a', value, timestamp: i }))
    for (let i = 0; i < 11; i++) await producer.sendMany(input, records)
    await app.caughtUp()
    return largest
  }

  test('when records are large', async () => {
    expect(await largestCommit('x'.repeat(200_000), (value) => [value])).toBeLessThan(bound)
  })

  test('when records make many others', async () => {
    expect(await largestCommit('x'.repeat(1_000), (value) => Array<string>(200).fill(value))).toBeLessThan(bound)
  })

  test('when large records become dead letters', async () => {
    const refuse = (): never => {
      throw new Error('not this one')
    }
    expect(await largestCommit('x'.repeat(200_000), refuse, 'deadLetter')).toBeLessThan(bound)
  })
})

test('large results that went to many partitions leave no more than 64 MiB held', () => {
  const turn = { number: 0, touch: () => undefined, releases: { areLater: false, areNow: false } } satisfies Turn
  const wide = { name: 'wide', id: 1, partitions: 128, config: {} }
  const results = new Output(wide, turn, { bytes: 0 })
  const value = new Uint8Array(1_000_000)
  const held = (): number => {
    collectGarbage()
    return process.memoryUsage().arrayBuffers
  }
  const before = held()
  for (let i = 0; i < 256; i++) {
    turn.number++
    results.writeRaw(0, Buffer.from(`key ${i}`), value)
    results.take()
    results.committed()
  }
  expect(held() - before).toBeLessThan(64 * 1_048_576 + 3 * value.length)
})

test('a wide topology without records costs no commit', async () => {
  const { log } = openTestLog()
  const wide = topic('wide', { key: string(), value: string(), partitions: 256 })
  const app = await start(
    log,
    topologyOf((builder) => builder.stream(wide).repartition().to(output)),
  )
  await log.producer().send(wide, { key: 'a', value: 'x', timestamp: 1 })
  await app.caughtUp()
  expect(await log.admin.endOffsets(output)).toEqual([1])
  expect(app.metrics().commits).toBe(1)
})
