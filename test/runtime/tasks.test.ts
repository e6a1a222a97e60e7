// A commit is by task: what a task did not change is not written again, and a changed topology loses nothing of any task.
import { type KStream, type Log, StreamsBuilder, string, TimeWindows, topic, type Topology } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { openTestLog, type OpenedLog } from '../support/open.ts'

const left = topic('left', { key: string(), value: string(), partitions: 2 })
const right = topic('right', { key: string(), value: string(), partitions: 2 })
const out = topic('out', { key: string(), value: string() })
const windows = TimeWindows.of({ size: 10, grace: 0 })

type Lines = KStream<string, string>

function counting(also: (left: Lines, right: Lines) => void = () => undefined): Topology {
  const builder = new StreamsBuilder()
  const [first, second] = [builder.stream(left), builder.stream(right)]
  first.groupByKey().windowedBy(windows).count({ name: 'count-left' })
  second.groupByKey().windowedBy(windows).count({ name: 'count-right' })
  also(first, second)
  return builder.build()
}

const parted = counting()
const joined = counting((first, second) => first.merge(second).to(out))

/** `a` goes to partition 0 of the two, `b` to partition 1. */
async function send(log: Log, to: typeof left, key: 'a' | 'b', timestamp: number): Promise<void> {
  await log.producer().send(to, { key, value: 'x', timestamp })
}

/** Runs a topology until it is caught up, and returns what it knows then. */
async function run({ log }: OpenedLog, topology: Topology): Promise<object> {
  const app = await start(log, topology)
  await app.caughtUp()
  const { consumed, dropped, streamTimes, eventTime } = app.metrics()
  await app.close()
  return { consumed, dropped, streamTimes, eventTime }
}

function rowsOf({ embedded }: OpenedLog): Record<string, unknown> {
  embedded.refresh()
  return Object.fromEntries(
    embedded.applications
      .progress('app')
      .map(({ task, progress }) => [`${task.subTopology}/${task.partition}`, JSON.parse(String(progress))]),
  )
}

test('only tasks that did anything have a row, and only what they did is in it', async () => {
  const opened = openTestLog()
  await send(opened.log, left, 'a', 5)
  await run(opened, parted)
  const [[task, row] = []] = Object.entries(rowsOf(opened))
  expect(task).toMatch(/^left\/[01]$/)
  expect(rowsOf(opened)).toEqual({ [String(task)]: row })
  expect(row).toMatchObject({ consumed: { left: 1 }, streamTimes: { 'count-left': 5 }, eventTime: 5 })
  await send(opened.log, right, 'b', 7)
  await run(opened, parted)
  expect(Object.keys(rowsOf(opened))).toHaveLength(2)
  expect(rowsOf(opened)).toMatchObject({ [String(task)]: row })
})

describe('a topology that changes where its tasks lie', () => {
  test.each([
    ['joins sub-topologies', parted, joined],
    ['parts them', joined, parted],
  ])('when it %s, keeps counts and stream times', async (_, before, after) => {
    const opened = openTestLog()
    await send(opened.log, left, 'a', 35)
    await send(opened.log, left, 'b', 45)
    await send(opened.log, right, 'a', 55)
    const seen = await run(opened, before)
    expect(seen).toMatchObject({ consumed: { left: 2, right: 1 }, dropped: {}, eventTime: 55 })
    expect(await run(opened, after)).toEqual(seen)
    // Late, by the stream times of before.
    await send(opened.log, left, 'b', 5)
    await send(opened.log, right, 'a', 5)
    expect(await run(opened, after)).toMatchObject({
      consumed: { left: 3, right: 2 },
      dropped: { 'count-left': { late: 1 }, 'count-right': { late: 1 } },
    })
    expect(await run(opened, before)).toMatchObject({ consumed: { left: 3, right: 2 }, eventTime: 55 })
  })
})
