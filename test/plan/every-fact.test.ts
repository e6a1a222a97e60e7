// Every fact of a stored plan is compared, whatever verb has left it: one that is another, gone or new is told with its name.
import {
  CalendarWindows,
  int64,
  JoinWindows,
  keyValueStore,
  SessionWindows,
  SlidingWindows,
  string,
  TimeWindows,
  topic,
  UnlimitedWindows,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import {
  type Facts,
  graceFact,
  keysOfTopic,
  type StoredPlan,
  valuesOfTopic,
  versionFact,
  windowGraceFact,
} from '../../src/core/stored-plan.ts'
import { comparePlans } from '../../src/plan/comparison.ts'
import { storedPlan } from '../../src/plan/plan-to-store.ts'
import type { Topology } from '../../src/plan/topology.ts'
import { input, type Script, topologyOf } from '../support/topology.ts'
import { atWork, verbsAtWork } from '../support/verbs-at-work.ts'

const planOf = (topology: Topology): StoredPlan =>
  JSON.parse(JSON.stringify(storedPlan(topology, () => 2))) as StoredPlan

/** What is said of the difference; nothing where there is none that matters. */
function said(before: StoredPlan, now: StoredPlan): string {
  try {
    comparePlans('app', before, now)
    return ''
  } catch (error) {
    expect(error).toMatchObject({ code: 'plan_changed' })
    return (error as Error).message
  }
}

/** Facts about times to come: stored data goes on with another one. */
const free = [graceFact, windowGraceFact, 'ttl', 'time limit']

const other = (fact: string | number): string | number => (typeof fact === 'number' ? fact + 1 : `${fact}x`)
const isOfTopic = (name: string): boolean => name.startsWith(keysOfTopic) || name.startsWith(valuesOfTopic)

/** A fact of a node or of a store, and the plan with other facts in place of its own. */
interface Place {
  readonly what: string
  readonly facts: Facts
  readonly with: (facts: Facts) => StoredPlan
}

function placesOf(plan: StoredPlan): Place[] {
  const nodes = Object.entries(plan.nodes).map(([id, facts]) => ({
    what: `"${id}"`,
    facts,
    with: (changed: Facts) => ({ ...plan, nodes: { ...plan.nodes, [id]: changed } }),
  }))
  const stores = Object.entries(plan.stores).map(([name, store]) => ({
    what: `store "${name}"`,
    facts: store.facts,
    with: (facts: Facts) => ({ ...plan, stores: { ...plan.stores, [name]: { ...store, facts } } }),
  }))
  return [...nodes, ...stores]
}

describe.each(Object.keys(verbsAtWork))('%s', (name) => {
  const plan = planOf(atWork(name))

  test('is what it was', () => expect(said(plan, planOf(atWork(name)))).toBe(''))

  test('tells of each fact that is another, gone or new', () => {
    for (const { what, facts, with: withFacts } of placesOf(plan)) {
      for (const [fact, value] of Object.entries(facts)) {
        const { [fact]: _, ...rest } = facts
        const [changed, gone] = [withFacts({ ...facts, [fact]: other(value) }), withFacts(rest)]
        const isFree = free.includes(fact)
        expect(said(changed, plan)).toEqual(
          isFree ? '' : expect.stringContaining(`${what}: ${fact} was ${other(value)}, is`),
        )
        expect(said(plan, gone)).toContain(`${what}: ${fact} was ${value}, is not there`)
        const mayBeMore = isOfTopic(fact) || fact === versionFact
        expect(said(gone, plan)).toEqual(
          mayBeMore ? '' : expect.stringContaining(`${what}: ${fact} is ${value}, was not`),
        )
      }
    }
  })

  test('tells of each node and store that is gone, of another owner, and of another way for keys', () => {
    for (const id of Object.keys(plan.nodes)) {
      const { [id]: _, ...nodes } = plan.nodes
      expect(said(plan, { ...plan, nodes })).toContain(`"${id}" (`)
    }
    for (const [id, store] of Object.entries(plan.stores)) {
      const { [id]: _, ...stores } = plan.stores
      expect(said(plan, { ...plan, stores })).toContain(`store "${id}" of "${store.owner}" is gone`)
      const withStore = (change: object) => ({ ...plan, stores: { ...plan.stores, [id]: { ...store, ...change } } })
      const isShared = store.reading.isOfProcessors
      const [owner] = Object.keys(plan.nodes).filter((node) => node !== store.owner)
      const moved = said(plan, withStore({ owner: owner ?? 'x' }))
      expect(moved).toEqual(isShared ? '' : expect.stringContaining(`store "${id}": owner was ${store.owner}, is`))
      if (store.keys.length === 0) continue
      expect(said(plan, withStore({ keys: ['elsewhere'] }))).toContain(
        `store "${id}": its keys came to their partitions by`,
      )
    }
  })
})

test('the facts are these; one that is new needs a place in the tests of changes', () => {
  const names = new Set(
    Object.keys(verbsAtWork).flatMap((name) =>
      placesOf(planOf(atWork(name))).flatMap(({ facts }) =>
        Object.keys(facts).map((fact) => fact.replace(/ of .*/, ' of a topic')),
      ),
    ),
  )
  expect([...names].toSorted()).toEqual([
    'after',
    'before',
    'by',
    'emits',
    'grace',
    'key',
    'keys of a topic',
    'kind',
    'of',
    'order',
    'partitions',
    'session gap',
    'time limit',
    'time zone',
    'ttl',
    'until',
    'value',
    'values of a topic',
    'verb',
    'week start',
    'window advance',
    'window difference',
    'window grace',
    'window size',
    'window start',
    'window unit',
    'within',
  ])
})

describe('an option that stored data depends on is a fact', () => {
  const grouped = (builder: Parameters<Script>[0]) => builder.stream(input).groupByKey()
  const right = topic('right', { key: string(), value: string() })
  const day = (options: object): CalendarWindows =>
    CalendarWindows.of({ unit: 'day', timeZone: 'Europe/Berlin', ...options })
  const joined = (before: number, after: number): Script => {
    const window = JoinWindows.of({ before, after })
    return (builder) =>
      builder.stream(input).join(builder.stream(right), (one, two) => one + two, { window, name: 'j' })
  }
  const counted = (windows: TimeWindows | SlidingWindows | CalendarWindows | UnlimitedWindows): Script => {
    return (builder) => grouped(builder).windowedBy(windows).count({ name: 'c' })
  }
  const inSessions = (gap: number): Script => {
    return (builder) => grouped(builder).windowedBy(SessionWindows.of({ gap })).count({ name: 'c' })
  }
  const distinct = (within: number): Script => {
    return (builder) => builder.stream(input).distinct({ id: ({ key }) => key, within, name: 'd' })
  }
  const emitting = (strategy: 'onWindowClose' | 'onWindowUpdate'): Script => {
    const windows = TimeWindows.of({ size: 5 })
    return (builder) => grouped(builder).windowedBy(windows).emitStrategy(strategy).count({ name: 'c' })
  }
  const table = (options: object): Script => {
    return (builder) => builder.table(input, { ...options, store: undefined })
  }
  const keeping = (headers: boolean): Script => {
    const store = keyValueStore('kept', { key: string(), value: int64(), headers })
    return (builder) =>
      builder.stream(input).process(() => ({ process: () => undefined }), { stores: [store], name: 'p' })
  }
  const rowsJoined = (options: object): Script => {
    return (builder) =>
      builder.table(input).join(builder.table(right), (one, two) => one + two, { name: 'j', ...options })
  }
  const waiting = (options: { untilTimeLimit: number } | { untilWindowCloses: true }): Script => {
    return (builder) => {
      const counts = grouped(builder)
        .windowedBy(TimeWindows.of({ size: 5 }))
        .count({ name: 'c' })
      if ('untilTimeLimit' in options) counts.suppress({ ...options, name: 's' })
      else counts.suppress({ ...options, name: 's' })
    }
  }
  test.each<[string, Script, Script, string]>([
    ['size', counted(TimeWindows.of({ size: 5 })), counted(TimeWindows.of({ size: 6, advance: 5 })), 'window size'],
    [
      'advance',
      counted(TimeWindows.of({ size: 5 })),
      counted(TimeWindows.of({ size: 5, advance: 4 })),
      'window advance',
    ],
    ['offset', counted(TimeWindows.of({ size: 5 })), counted(TimeWindows.of({ size: 5, offset: 1 })), 'window offset'],
    [
      'difference',
      counted(SlidingWindows.of({ difference: 5 })),
      counted(SlidingWindows.of({ difference: 6 })),
      'difference',
    ],
    ['gap', inSessions(5), inSessions(6), 'gap'],
    ['start', counted(UnlimitedWindows.of()), counted(UnlimitedWindows.of({ start: 5 })), 'start'],
    ['unit', counted(day({})), counted(day({ unit: 'week' })), 'unit'],
    ['time zone', counted(day({})), counted(day({ timeZone: 'UTC' })), 'time zone'],
    [
      'first day of the week',
      counted(day({ unit: 'week' })),
      counted(day({ unit: 'week', weekStart: 'sunday' })),
      'week',
    ],
    ['before', joined(4, 4), joined(5, 4), 'before'],
    ['after', joined(4, 4), joined(4, 5), 'after'],
    ['within', distinct(5), distinct(6), 'within'],
    ['emitStrategy', emitting('onWindowUpdate'), emitting('onWindowClose'), 'emits'],
    ['versioned', table({}), table({ versioned: { historyMs: 5 } }), 'kind was keyValue, is versioned'],
    ['ttlMs, given or not', table({}), table({ ttlMs: 5 }), 'ttl is 5, was not there'],
    ['headers', keeping(false), keeping(true), 'value was int64, is'],
    ['foreignKey', rowsJoined({}), rowsJoined({ foreignKey: (value: string) => value }), '"j'],
    ['what suppress waits for', waiting({ untilTimeLimit: 5 }), waiting({ untilWindowCloses: true }), '"s": '],
  ])('%s', (_, before, after, fact) => {
    expect(said(planOf(topologyOf(before)), planOf(topologyOf(after)))).toContain(fact)
  })
})
