/**
 * What one sample of the log needs to know of those before it.
 */
import type { History, Rates } from './history.ts'

export interface Memory {
  readonly rates: Rates
  readonly history: History
}

/** Ages rise all the time: in whole seconds they are news once a second. */
export function coarse(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000
}
