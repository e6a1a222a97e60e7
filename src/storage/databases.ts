/**
 * The databases of an environment; docs/format.md says what is in each.
 */
export const databaseNames = [
  'meta',
  'topics',
  'partitions',
  'batches',
  'segments',
  'times',
  'producers',
  'groups',
  'positions',
  'applications',
  'stores',
  'state',
  'journal',
] as const

export type DatabaseName = (typeof databaseNames)[number]

/** The key length of each database whose keys consist of numbers only (keys.ts). */
export const fixedKeyBytes: Partial<Record<DatabaseName, number>> = {
  partitions: 8,
  batches: 16,
  segments: 16,
  times: 24,
  journal: 16,
}

/** A key and a value out of a range; both are copies. */
export interface Entry {
  readonly key: Buffer
  readonly value: Buffer
}
