// Where the live version is costs what has moved, however many partitions there are; and what was known of it is
// forgotten when it starts over.
import { string, StreamsBuilder, topic, type Topology } from 'millrace'
import { expect, test, vi } from 'vitest'
import type { Session } from '../../src/log/contract.ts'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { partitionsOf } from '../../src/log/format/partition-id.ts'
import type { SourceNode, SourceTopic } from '../../src/plan/node.ts'
import { LivePosition } from '../../src/replay/live-position.ts'
import { SourceLane } from '../../src/runtime/sequence.ts'
import { start } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'

const partitions = 40
const many = topic('many', { key: string(), value: string(), partitions })

function reading(): Topology {
  const builder = new StreamsBuilder()
  builder.stream(many).foreach(() => undefined)
  return builder.build()
}

const records = Array.from({ length: 400 }, (_, i) => ({ key: `key ${i}`, value: 'x', timestamp: i }))

function positionIn(embedded: EmbeddedLog): { readonly position: LivePosition; readonly lanes: readonly SourceLane[] } {
  const { environment, ends, topics } = embedded
  const session: Pick<Session, 'newestCommit' | 'refresh' | 'endOffsets'> = {
    newestCommit: () => environment.newestCommit(),
    refresh: () => environment.refresh(),
    endOffsets: (one) => ends.of(one),
  }
  const found = topics.find('many')
  if (found === undefined) throw new Error('the topic is there')
  const lanes = partitionsOf(found).map(
    (partition, index) => new SourceLane(partition, {} as SourceNode, {} as SourceTopic, index, 0),
  )
  return { position: new LivePosition(embedded, session as Session, 'app', null), lanes }
}

const boundsOf = (lanes: readonly SourceLane[]): number => lanes.reduce((total, lane) => total + lane.boundOffset, 0)

test('a partition is looked up when the live version has something to read in it', async () => {
  const { log, embedded } = openTestLog()
  await log.producer().sendMany(many, records)
  const app = await start(log, reading())
  await app.caughtUp()
  const { position, lanes } = positionIn(embedded)
  const lookUps = vi.spyOn(embedded.positions, 'get')
  position.moveBounds(lanes)
  expect(lookUps).toHaveBeenCalledTimes(partitions)
  expect(boundsOf(lanes)).toBe(400)
  lookUps.mockClear()
  position.moveBounds(lanes)
  expect(position.isBusy()).toBe(false)
  expect(lookUps).not.toHaveBeenCalled()
  await app.close()
  await log.producer().send(many, { key: 'key 1', value: 'x', timestamp: 400 })
  lookUps.mockClear()
  position.moveBounds(lanes)
  lookUps.mockClear()
  await log.producer().send(many, { key: 'key 1', value: 'x', timestamp: 401 })
  expect(position.isBusy()).toBe(true)
  position.moveBounds(lanes)
  expect(boundsOf(lanes)).toBe(400)
  expect(lookUps).toHaveBeenCalledTimes(1)
  const again = await start(log, reading())
  await again.caughtUp()
  position.moveBounds(lanes)
  expect(boundsOf(lanes)).toBe(402)
})

test('the bounds fall when the live version starts over, and go when there is none', async () => {
  const { log, embedded } = openTestLog()
  await log.producer().sendMany(many, records)
  const app = await start(log, reading())
  await app.caughtUp()
  const { position, lanes } = positionIn(embedded)
  position.moveBounds(lanes)
  await app.close()
  await log.admin.resetApplication('app', { to: 'beginning' })
  position.moveBounds(lanes)
  expect(boundsOf(lanes)).toBe(0)
  await log.admin.deleteApplication('app')
  position.moveBounds(lanes)
  expect(boundsOf(lanes)).toBe(Number.POSITIVE_INFINITY)
  expect(position.isBusy()).toBe(false)
})
