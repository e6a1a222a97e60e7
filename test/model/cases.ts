// What a case of the model test consists of, as fast-check draws it.
import fc from 'fast-check'
import type { Policy, Value } from './naive.ts'

export type Text = string | null

/** A verb, on which of the results that are there, and what it does in detail. */
export interface Step {
  readonly verb: number
  readonly from: number
  readonly other: number
  readonly detail: number
}

export interface InputRecord {
  readonly topic: number
  readonly key: Text
  readonly value: Value
  readonly timestamp: number
  readonly headers: string
}

export interface Case {
  readonly partitions: number
  readonly steps: readonly Step[]
  readonly records: readonly InputRecord[]
  /** After how many records each time the driver crashes; 0: never. */
  readonly crashEvery: number
  /** What becomes of a turn that fails. */
  readonly policy: Policy
}

const record: fc.Arbitrary<InputRecord> = fc.record({
  // Two streams; the global table; the table whose rows expire.
  topic: fc.oneof({ weight: 3, arbitrary: fc.nat({ max: 1 }) }, { weight: 1, arbitrary: fc.nat({ max: 3 }) }),
  key: fc.option(fc.constantFrom('a', 'b', 'c', 'ab', 'd'), { freq: 12 }),
  value: fc.option(fc.integer({ min: -9, max: 20 }), { freq: 8 }),
  // Few distinct times, in no order: many ties, much that is late; and a few leaps.
  timestamp: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 60 }) }, { weight: 1, arbitrary: fc.nat({ max: 200 }) }),
  headers: fc.constantFrom('', '', 'h=x', 'i=y'),
})

const step: fc.Arbitrary<Step> = fc.record({
  verb: fc.nat({ max: 999 }),
  from: fc.nat({ max: 9 }),
  other: fc.nat({ max: 9 }),
  detail: fc.nat({ max: 99 }),
})

export const cases: fc.Arbitrary<Case> = fc.record({
  partitions: fc.integer({ min: 1, max: 3 }),
  steps: fc.array(step, { minLength: 1, maxLength: 8, size: 'max' }),
  records: fc.array(record, { minLength: 1, maxLength: 24, size: 'max' }),
  crashEvery: fc.nat({ max: 7 }),
  policy: fc.constantFrom('skip', 'deadLetter', 'fail'),
})
