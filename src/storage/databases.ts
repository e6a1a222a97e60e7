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
] as const

export type DatabaseName = (typeof databaseNames)[number]
