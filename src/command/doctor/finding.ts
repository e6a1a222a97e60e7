/**
 * What `millrace doctor` finds. Each check takes facts and judges them, so that tests can make any machine up.
 */

/** `problem`: something does not work, or will soon not. `warning`: it works, and should be looked at. */
export type FindingState = 'ok' | 'warning' | 'problem'

export interface Finding {
  /** What was looked at. */
  readonly check: string
  readonly state: FindingState
  /** What was found. */
  readonly what: string
  /** What to do about it; null where nothing is. */
  readonly advice: string | null
}

export function ok(check: string, what: string): Finding {
  return { check, state: 'ok', what, advice: null }
}

export function warning(check: string, what: string, advice: string): Finding {
  return { check, state: 'warning', what, advice }
}

export function problem(check: string, what: string, advice: string): Finding {
  return { check, state: 'problem', what, advice }
}
