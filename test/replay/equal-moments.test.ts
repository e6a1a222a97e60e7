// Two versions that never stand at the same place are compared all the same: one of them is held.
import { int64, keyValueStore, string } from 'millrace'
import { expect, test } from 'vitest'
import type { ApplicationLog, StoredApplication } from '../../src/log/contract.ts'
import { compareVersions } from '../../src/replay/compare.ts'
import type { SourceLane } from '../../src/runtime/sequence.ts'
import { engineOn } from '../support/engine.ts'
import { openTestLog, type OpenedLog } from '../support/open.ts'
import { rejectionOf } from '../support/thrown.ts'
import { input, topologyOf } from '../support/topology.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })
const records = Array.from({ length: 200 }, (_, i) => ({ key: `${i % 7}`, value: 'x', timestamp: i }))

/** Counts each record so often, up to an offset that moves. */
function counting({ embedded }: OpenedLog, applicationId: string, each: number) {
  let bound = 0
  const moveBounds = (lanes: readonly SourceLane[]): void => {
    for (const lane of lanes) lane.boundOffset = bound
  }
  const topology = topologyOf((builder) => {
    const repeated = builder.stream(input).flatMapValues(({ value }) => Array<string>(each).fill(value))
    repeated.groupByKey().count({ store: counts })
  })
  const { engine, commit } = engineOn(embedded, topology, { moveBounds }, applicationId)
  return {
    moveTo(offset: number): void {
      bound = offset
      engine.read([])
      engine.run(() => false)
      commit()
    },
  }
}

/** A log in which the live version goes on each time that somebody looks, and the other one follows, one record after it. */
function restless(opened: OpenedLog, each: number) {
  const live = counting(opened, 'live', 1)
  const here = counting(opened, 'here', each)
  const place = { live: 10, held: undefined as number | undefined }
  const goOn = (): void => {
    live.moveTo(++place.live)
    here.moveTo(Math.min(place.live - 1, place.held ?? place.live))
  }
  goOn()
  const { embedded } = opened
  const find = (name: string): StoredApplication | undefined => {
    const found = embedded.find(name)
    if (found === undefined || name !== 'here') return found
    // The side that is looked at first.
    return {
      ...found,
      refresh: () => {
        goOn()
        return found.refresh()
      },
    }
  }
  const log: ApplicationLog = new Proxy(embedded, {
    get: (target, name) => (name === 'find' ? find : (Reflect.get(target, name, target) as unknown)),
  })
  const hold = (): (() => void) => {
    place.held = place.live
    return () => {
      place.held = undefined
    }
  }
  return { log, hold }
}

const versions = { here: 'here', live: 'live', outputs: [] }

test.each([
  [1, [7, 0]],
  [2, [0, 7]],
])('where each record counts %i times', async (each, [equal, different]) => {
  const opened = openTestLog()
  await opened.log.producer().sendMany(input, records)
  const { log, hold } = restless(opened, each)
  // Without a hold there is no such moment.
  expect(await rejectionOf(compareVersions(log, versions, { patienceMs: 0 }))).toMatchObject({ code: 'behind' })
  const { stores } = await compareVersions(log, versions, {}, hold)
  expect(stores).toMatchObject([{ name: 'counts', equal, different, onlyHere: 0, onlyLive: 0 }])
})
