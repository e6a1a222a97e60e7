/**
 * What a comparison of two versions answers with: plain data, which is JSON as it stands.
 */
import type { Window } from '../core/windows/window.ts'

/** One side of a sample: what a version has there. */
export interface ComparedValue {
  /** Decoded where the serde is known, else its bytes as text; null in a topic: the record deletes its key. */
  readonly value: unknown
  /** Event time, ms since the epoch. */
  readonly timestamp: number
  /** Those of the record, where it has any. */
  readonly headers?: readonly { readonly key: string; readonly value: string | null }[] | undefined
}

/** A row or a record that the two versions do not have alike. */
export interface ComparisonSample {
  /** Decoded as the values are; null for a record without a key. */
  readonly key: unknown
  /** Where rows or records are of windows. */
  readonly window?: Window | undefined
  /** Where records are compared one by one: which partition, and the how many-th record of it, from 0. */
  readonly place?: { readonly partition: number; readonly index: number } | undefined
  /** What the version has that was asked; null: nothing. */
  readonly here: ComparedValue | null
  /** What the live version has; null: nothing. */
  readonly live: ComparedValue | null
}

/** How a store or an output topic compares. */
export interface ComparedPart {
  /** The name of the store or the topic. */
  readonly name: string
  /**
   * What was compared. `rows`: of a store. `newest`: the newest record of each key of a topic. `records`: one after the
   * other, where a topic has records without keys: up to the first that differs in a partition they are equal, and from
   * there on they are `different` as long as both sides have records.
   */
  readonly what: 'rows' | 'newest' | 'records'
  /** What both sides have alike. */
  readonly equal: number
  /** What only the version has that was asked. */
  readonly onlyHere: number
  /** What only the live version has. */
  readonly onlyLive: number
  /** The same key on both sides, with another value, other headers or another time. */
  readonly different: number
  /** The first differences that were met. */
  readonly samples: readonly ComparisonSample[]
  /** Why it was not compared; the numbers are 0 then. */
  readonly incomparable?: string | undefined
  /** What to know about the numbers. */
  readonly note?: string | undefined
}

/** How two versions compare, at moments when both had processed the same input. */
export interface ComparisonReport {
  /** What the version is kept under that was asked. */
  readonly here: string
  /** What it was compared with. */
  readonly live: string
  /** Whether everything was compared, and nothing differs. */
  readonly isEqual: boolean
  /** The stores of either side, by name. */
  readonly stores: readonly ComparedPart[]
  /** The topics that either side has written, by name, without dead letters. */
  readonly topics: readonly ComparedPart[]
}

/** How far a comparison is. */
export interface ComparisonProgress {
  /** What is compared now. */
  readonly part: 'store' | 'topic'
  /** The name of the store or the topic. */
  readonly name: string
  /** Stores and topics that are compared already. */
  readonly done: number
  /** All stores and topics. */
  readonly total: number
  /** Rows or keys of this one so far. */
  readonly rows: number
}

/** How to compare. */
export interface CompareOptions {
  /** How many samples of each store and topic. Default 20. */
  readonly samples?: number | undefined
  /** Also what operators keep for themselves: buffers of joins and of `suppress`. Default false. */
  readonly all?: boolean | undefined
  /**
   * How long to wait for each part until the version has processed exactly what the live one has, in ms. Default 30
   * seconds.
   */
  readonly patienceMs?: number | undefined
  /** About how much memory the keys of output topics may take. Default 128 MiB. */
  readonly memoryBytes?: number | undefined
  /** Called when a store or a topic begins, and now and then while it goes on. */
  readonly onProgress?: ((progress: ComparisonProgress) => unknown) | undefined
  /** Ends the comparison early: it rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined
}
