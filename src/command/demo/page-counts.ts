/**
 * The two versions of the demo of replay: one counts everyone, the other leaves out bots. And the same by hand.
 */
import { days, hours, minutes } from '../../core/duration.ts'
import { int64, json, string } from '../../core/serdes.ts'
import { windowStore, type WindowStore } from '../../core/store-constants.ts'
import { type Topic, topic } from '../../core/topic.ts'
import { TimeWindows } from '../../core/windows/time-windows.ts'
import type { Windowed } from '../../core/windows/window.ts'
import { windowed } from '../../core/windows/windowed.ts'
import { StreamsBuilder } from '../../streams/streams-builder.ts'
import type { Topology } from '../../streams/topology.ts'
import { Dice } from './dice.ts'

interface Visit {
  readonly page: string
  readonly agent: string
}

export interface VisitRecord {
  readonly key: string
  readonly value: Visit
  readonly timestamp: number
}

type IsCounted = (agent: string) => boolean

export const everyone: IsCounted = () => true
export const peopleOnly: IsCounted = (agent) => !agent.includes('bot')

export const visits: Topic<string, Visit> = topic('visits', { key: string(), value: json<Visit>() })
const perHour: Topic<Windowed<string>, number> = topic('visits-per-hour', {
  key: windowed(string(), { size: hours(1) }),
  value: int64(),
})
export const counts: WindowStore<string, number> = windowStore('counts', {
  key: string(),
  value: int64(),
  retentionMs: days(7),
})

export function pageCounts(isCounted: IsCounted): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(visits)
    .filter(({ value }) => isCounted(value.agent))
    .groupBy(({ value }) => value.page, { key: string() })
    .windowedBy(TimeWindows.of({ size: hours(1) }))
    .count({ store: counts })
    .toStream()
    .to(perHour)
  return builder.build()
}

export const midnight: number = Date.UTC(2025, 2, 6)

/** A visit every half minute, for the two days before midnight; a quarter are those of a bot. */
export function madeUpVisits(): readonly VisitRecord[] {
  const dice = new Dice(3)
  return Array.from({ length: days(2) / minutes(0.5) }, (_, at) => {
    const agent = dice.pick(['Firefox/136.0', 'Safari/18.3', 'Chrome/133.0', 'search-bot/2.0'])
    const page = dice.pick(['/', '/', '/search', '/cart', '/about'])
    return { key: agent, value: { page, agent }, timestamp: midnight - days(2) + at * minutes(0.5) }
  })
}

/** The visits of each page in each hour from a time on, by `HOUR PAGE`. */
export function visitsByHand(
  records: readonly VisitRecord[],
  isCounted: IsCounted,
  from: number,
): ReadonlyMap<string, number> {
  const counted = new Map<string, number>()
  for (const { value, timestamp } of records) {
    if (timestamp < from || !isCounted(value.agent)) continue
    const name = `${timestamp - (timestamp % hours(1))} ${value.page}`
    counted.set(name, (counted.get(name) ?? 0) + 1)
  }
  return counted
}
