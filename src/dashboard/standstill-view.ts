/**
 * Where a version stands still, as JSON for the page: the rule is in log/admin/standstill.ts.
 */

/** Where a version stands still. */
export interface StandstillView {
  readonly kind: 'hangs' | 'waitsForCalls'
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly forMs: number
  /** How many calls of each operator are open. */
  readonly calls: Readonly<Record<string, number>>
}
