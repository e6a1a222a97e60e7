/**
 * What a turn came from: a record of the log, or a job of an operator.
 */

/** Where a record of the log lies. */
export interface RecordPlace {
  readonly kind?: undefined
  readonly topic: string
  readonly partition: number
}

/** For a carrier that comes from a job without a record: which job. */
export interface JobPlace {
  readonly kind: 'punctuation' | 'release' | 'completion'
  readonly operator: string
  readonly partition: number
  /** Of a completion: the id of its call, which is the same after a crash. */
  readonly id?: string | undefined
}
