/**
 * Which keys a version knows all about that did not begin at the beginning: windows that start late enough.
 */
import { readInt64 } from '../../core/bytes.ts'
import { windowFormOf } from '../../core/named-serde.ts'
import type { StoredPlan } from '../../core/stored-plan.ts'
import type { WindowForm } from '../../core/windows/window-form.ts'

/**
 * By the bytes of a key as text; undefined where it cannot be told.
 *
 * @param from when its results begin to be whole
 * @param keySerde its name
 */
export function knownWindows(from: number, keySerde: string, plan: StoredPlan): ((key: string) => boolean) | undefined {
  const form = windowFormOf(keySerde)
  if (form === undefined) return undefined
  // A session that starts within the gap may go on with one from before.
  const startMin = form.isNumbered ? from + longestGapMs(plan) : from
  return (key) => startOf(form, key) >= startMin
}

/** That no window can follow where no gap is known. */
function longestGapMs({ stores }: StoredPlan): number {
  const gaps = Object.values(stores).flatMap(({ facts }) =>
    facts['session gap'] === undefined ? [] : [Number(facts['session gap'])],
  )
  return gaps.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...gaps)
}

function startOf(form: WindowForm, key: string): number {
  const suffix = Buffer.from(key.slice(form.isNumbered ? -16 : -8), 'latin1')
  const number = form.isNumbered ? readInt64(suffix, 8) : 0
  return form.windowOf(readInt64(suffix, 0), number).start
}
