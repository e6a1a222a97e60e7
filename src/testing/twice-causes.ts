/**
 * What usually makes two runs differ, told by what the first difference looks like.
 */
import { days, hours } from '../core/duration.ts'
import type { PlanNode } from '../plan/node.ts'
import { shapeOf } from './shape.ts'
import type { RecordPair, TwiceCause, TwiceHint } from './twice-face.ts'

/** What is known of the place where the runs parted. */
export interface Parting {
  /** Undefined: no operator differs. */
  readonly node: PlanNode | undefined
  /** What is compared: of the operator, or of the output. */
  readonly pair: RecordPair
  /** Whether the operator asks the clock of the engine. */
  readonly asksClock: boolean
  /** Whether the second run had been restarted. */
  readonly wasRestarted: boolean
  readonly nowMs: number
}

export function hintsOf(parting: Parting): TwiceHint[] {
  const { node, pair, asksClock, wasRestarted } = parting
  const hints: TwiceHint[] = []
  const add = (cause: TwiceCause, why: string): void => {
    if (hints.every((hint) => hint.cause !== cause)) hints.push({ cause, why })
  }
  if (node === undefined) {
    add(
      'serde',
      'no operator differs: the serde of the output, or the function that chooses its topic, gives another answer each time',
    )
  }
  if (node?.kind === 'operator' && node.calls !== 'none') {
    add('asyncCalls', 'the answers of its calls differ, or come in another order: they depend on what is outside')
  }
  if (asksClock) {
    add(
      'wallClock',
      'it is called by the wall clock, or asks what time it is; schedule by stream time, or use the time of the record',
    )
  }
  const { first, second } = pair
  if (first === null || second === null) {
    add(
      'decision',
      'one run has a record here that the other has not: what decides that depends on more than the records',
    )
  } else {
    for (const [one, other] of leavesOf([first.key, first.value], [second.key, second.value])) {
      const cause = causeOf(one, other, parting.nowMs)
      if (cause !== undefined) add(cause, reasons[cause])
    }
    if (first.timestamp !== second.timestamp && isClock(first.timestamp, second.timestamp, parting.nowMs)) {
      add('wallClock', reasons.wallClock)
    }
  }
  if (wasRestarted && node !== undefined && hints.every(({ cause }) => cause === 'decision')) {
    add(
      'memory',
      'the second run was restarted on its way: what a function keeps outside its stores is lost then, and grows over both runs',
    )
  }
  return hints
}

const reasons = {
  wallClock: 'the values that differ are times near now (Date.now()); use the timestamp of the record',
  random:
    'the values that differ look random (Math.random(), a new id); derive them from the key, the offset or the id of the record',
  orderOfMembers: 'the same members come in another order: of a Set, a Map or answers that were gathered; sort them',
  orderOfKeys: 'the same fields come in another order, and the order is part of the bytes; build objects in one order',
} as const

/** The innermost places at which two values differ, as far as they have the same structure. */
function* leavesOf(one: unknown, other: unknown, depth = 0): Generator<readonly [unknown, unknown]> {
  if (depth > 100 || shapeOf(one) === shapeOf(other)) return
  if (isSameOtherwise(one, other)) {
    yield [one, other]
  } else if (Array.isArray(one) && Array.isArray(other) && one.length === other.length) {
    for (const [at, part] of one.entries()) yield* leavesOf(part, other[at], depth + 1)
  } else if (isPlain(one) && isPlain(other) && isSame(Object.keys(one), Object.keys(other))) {
    for (const [name, part] of Object.entries(one)) yield* leavesOf(part, other[name], depth + 1)
  } else {
    yield [one, other]
  }
}

function causeOf(one: unknown, other: unknown, nowMs: number): keyof typeof reasons | undefined {
  if (isPlain(one) && isPlain(other) && isSameOtherwise(one, other)) return 'orderOfKeys'
  if (isSameOtherwise(one, other)) return 'orderOfMembers'
  const [first, second] = [timeOf(one), timeOf(other)]
  if (first !== undefined && second !== undefined && isClock(first, second, nowMs)) return 'wallClock'
  return isRandom(one) && isRandom(other) ? 'random' : undefined
}

/** Whether two lists, texts, sets or objects have the same members in another order. */
function isSameOtherwise(one: unknown, other: unknown): boolean {
  const [first, second] = [membersOf(one), membersOf(other)]
  return first !== undefined && second !== undefined && first.length > 1 && isSame(first.toSorted(), second.toSorted())
}

function membersOf(value: unknown): string[] | undefined {
  if (Array.isArray(value) || value instanceof Set) return Array.from(value as Iterable<unknown>, shapeOf)
  if (value instanceof Map) return Array.from(value, (entry) => shapeOf(entry))
  if (typeof value === 'string' && /[,;| ]/.test(value)) return value.split(/[,;| ]+/)
  return isPlain(value) ? Object.entries(value).map((entry) => shapeOf(entry)) : undefined
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((part, at) => part === other[at])
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** In ms since the epoch, of whatever may be a time: seconds, text, Date. */
function timeOf(value: unknown): number | undefined {
  if (value instanceof Date) return value.getTime()
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'number') return value > 1e9 && value < 1e10 ? value * 1_000 : value
  if (typeof value !== 'string') return undefined
  return /^\d{13}$/.test(value) ? Number(value) : /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : undefined
}

/** Whether both are near the time at which the runs went, one of which is an hour ahead. */
function isClock(one: number, other: number, nowMs: number): boolean {
  return [one, other].every((time) => Math.abs(time - nowMs) < days(1)) && Math.abs(one - other) < hours(12)
}

/** A fraction with many digits, a UUID, or a long word of letters and digits. */
function isRandom(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isInteger(value) && String(value).length > 12
  return typeof value === 'string' && /[0-9a-f]{8}-[0-9a-f]{4}-|(?=\w*\d)\w{12,}|0\.\d{8,}/i.test(value)
}
