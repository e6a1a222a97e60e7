/**
 * The topology of the demo of clicks, and the same count by hand, which knows nothing of it.
 */
import { days } from '../../core/duration.ts'
import { int64, json, string } from '../../core/serdes.ts'
import { windowStore, type WindowStore } from '../../core/store-constants.ts'
import { type Topic, topic } from '../../core/topic.ts'
import { TimeWindows } from '../../core/windows/time-windows.ts'
import type { Windowed } from '../../core/windows/window.ts'
import { windowed } from '../../core/windows/windowed.ts'
import { StreamsBuilder } from '../../streams/streams-builder.ts'
import type { Topology } from '../../streams/topology.ts'
import type { Request, RequestRecord } from './requests.ts'

export const applicationId = 'clicks'

const minuteMs = 60_000

export const requests: Topic<string, Request> = topic('requests', {
  key: string(),
  value: json<Request>(),
  partitions: 2,
})

/** Each new count of a page in a minute. */
export const updates: Topic<Windowed<string>, number> = topic('clicks-per-minute', {
  key: windowed(string(), { size: minuteMs }),
  value: int64(),
})

/** The counts as they stand. */
export const counts: WindowStore<string, number> = windowStore('counts', { key: string(), value: int64() })

/** No request is too late, so that a loop over the input comes to the same counts. */
const graceMs = days(36_500)

export function clickCounts(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(requests)
    .filter(({ value }) => value.method === 'GET' && value.status === 200)
    .groupBy(({ value }) => value.page, { key: string() })
    .windowedBy(TimeWindows.of({ size: minuteMs, grace: graceMs }))
    .count({ store: counts })
    .toStream()
    .to(updates)
  return builder.build()
}

/** By page, then by start of the minute. */
export type Counts = ReadonlyMap<string, ReadonlyMap<number, number>>

/** Counts with a loop over the input. */
export function countByHand(records: readonly RequestRecord[]): Counts {
  const counted = new Map<string, Map<number, number>>()
  for (const { value, timestamp } of records) {
    if (value.method !== 'GET' || value.status !== 200) continue
    const minutes = counted.get(value.page) ?? new Map<number, number>()
    const minute = timestamp - (timestamp % minuteMs)
    minutes.set(minute, (minutes.get(minute) ?? 0) + 1)
    counted.set(value.page, minutes)
  }
  return counted
}

export interface Difference {
  /** Clicks that are in no count. */
  readonly lost: number
  /** Clicks that are counted once more than they came. */
  readonly doubled: number
}

export function differenceOf(expected: Counts, actual: Counts): Difference {
  let lost = 0
  let doubled = 0
  for (const page of new Set([...expected.keys(), ...actual.keys()])) {
    const [wanted, got] = [expected.get(page), actual.get(page)]
    for (const minute of new Set([...(wanted?.keys() ?? []), ...(got?.keys() ?? [])])) {
      const more = (got?.get(minute) ?? 0) - (wanted?.get(minute) ?? 0)
      if (more < 0) lost -= more
      else doubled += more
    }
  }
  return { lost, doubled }
}
