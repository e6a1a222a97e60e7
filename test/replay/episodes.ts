// What happens to two versions of an application, as fast-check draws it.
import fc from 'fast-check'
import { type Case, cases } from '../model/cases.ts'

const acts = [
  'send',
  'rest',
  'killLive',
  'stopLive',
  'killBeside',
  'stopBeside',
  'pauseBeside',
  'read',
  'follow',
  'compare',
  'breakOff',
  'switch',
] as const

export interface Act {
  readonly act: (typeof acts)[number]
  readonly detail: number
}

/** How the second version differs from the first: another detail of a step, or one that is missing. */
export interface Change {
  readonly step: number
  readonly detail: number | 'drop'
}

export interface Episode {
  readonly drawn: Case
  /** Whether the input lies in several topics and partitions. */
  readonly isSpread: boolean
  /** Null: both versions are the same. */
  readonly change: Change | null
  readonly mode: 'replace' | 'continue' | 'correct'
  readonly acts: readonly Act[]
}

const act: fc.Arbitrary<Act> = fc.record({
  act: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom('send', 'rest', 'switch', 'follow') },
    { weight: 1, arbitrary: fc.constantFrom(...acts) },
  ),
  detail: fc.nat({ max: 29 }),
})

export const episodes: fc.Arbitrary<Episode> = fc.record({
  drawn: cases,
  isSpread: fc.boolean(),
  change: fc.option(
    fc.record({
      step: fc.nat({ max: 7 }),
      detail: fc.oneof(fc.nat({ max: 99 }), fc.constant('drop' as const)),
    }),
    { freq: 4 },
  ),
  mode: fc.constantFrom('replace', 'continue', 'correct'),
  acts: fc.array(act, { minLength: 1, maxLength: 14, size: 'max' }),
})

/** The case of the second version. */
export function secondOf(first: Case, change: Change | null): Case {
  if (change === null) return first
  const at = change.step % first.steps.length
  const { detail } = change
  const steps =
    detail === 'drop'
      ? first.steps.filter((_, index) => index !== at)
      : first.steps.map((step, index) => (index === at ? { ...step, detail } : step))
  return { ...first, steps }
}
