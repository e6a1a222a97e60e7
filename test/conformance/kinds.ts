// Every kind of function that a case may name.
import { processors, valueProcessors } from './processors.ts'
import { flats, folds, joins, keys, predicates, values } from './vocabulary.ts'

export const vocabulary = {
  value: values,
  predicate: predicates,
  key: keys,
  flat: flats,
  aggregate: folds,
  join: joins,
  process: processors,
  processValues: valueProcessors,
} as const

export type FunctionKind = keyof typeof vocabulary
