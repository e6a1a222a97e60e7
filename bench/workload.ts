/**
 * The work that is measured: clicks on pages, the same records for the hand-written loop and for millrace.
 */
import type { CommitFigures } from './commits.ts'

export interface Click {
  readonly page: string
  readonly status: number
  readonly ms: number
  readonly ref: string
  /** Fills a value up to a size. */
  readonly body?: string
}

export const windowMs = 60_000

export function clickKey(index: number): string {
  return 'user' + ((index * 7919) % 10_000)
}

export function clickTimestamp(index: number): number {
  return 1_700_000_000_000 + (index >> 4)
}

export function clickValue(index: number): Click {
  return {
    page: '/page/' + (index % 100),
    status: index % 10 ? 200 : 404,
    ms: index % 300,
    ref: 'https://example.com/' + (index % 50),
  }
}

/** What a job of the comparison reports: how fast it was, and a fingerprint of its result, the same for both sides. */
export interface JobResult {
  readonly recordsPerSecond: number
  readonly fingerprint: string
}

export interface JobOptions {
  readonly dir: string
  readonly records: number
  readonly recordsPerCommit: number
}

/** The counts as text, in the order of window and page. */
export function fingerprintOf(counts: Iterable<readonly [windowStart: number, page: string, count: number]>): string {
  const rows = [...counts].map(([start, page, count]) => `${start} ${page} ${count}`)
  return rows.toSorted().join('\n')
}

/** With a key of 8 bytes or so, a record of 100 bytes. */
export const recordValue: Uint8Array = new Uint8Array(92).map((_, at) => (at * 31) % 251)

export function recordKey(index: number): string {
  return 'key' + ((index * 7919) % 100_000)
}

/** A count by key with a large state. */
export interface StateOptions {
  readonly dir: string
  readonly keys: number
  readonly records: number
  readonly recordsPerCommit: number
  /** `scattered`: each key once, not in the order of the keys; `random`: as they come. */
  readonly order: 'scattered' | 'random'
}

export type StateResult = CommitFigures & Pick<JobResult, 'recordsPerSecond'> & { readonly records: number }

/** A join of two streams. */
export type JoinOptions = Pick<StateOptions, 'dir' | 'keys' | 'records' | 'recordsPerCommit'>

/** One topology over both sides of a join. Each has an application of its own, so many may work on one log. */
export interface FamilyOptions<Family> extends JoinOptions {
  readonly family: Family
}

export interface FamilyResult {
  /** User and system time of all threads, for each record. */
  readonly nsOfCpu: number
  /** Of what was written to the output topic. */
  readonly fingerprint: string
}

/** The gap between sessions, where a key has two records in a span. */
export function gapMsOf(spanMs: number): number {
  return Math.ceil(spanMs / 4)
}

/** The key of the record of a side at this millisecond. */
export function joinKey(index: number, side: number, keys: number): string {
  return stateKey(2 * index + side, keys, 'random')
}

/** How far partners may lie apart, so that a record has one on average: each side has a record a millisecond. */
export function joinReachMs(keys: number): number {
  return Math.ceil(keys / 2)
}

/** From `openLog` to the first commit after a kill. */
export interface StateRecovery {
  readonly recoveryMs: number
  readonly recoveryCpuMs: number
}

/** Shares no divisor with a power of ten. */
const stride = 6_180_339

export function stateKey(index: number, keys: number, order: StateOptions['order']): string {
  return `visitor ${order === 'scattered' ? (index * stride) % keys : Math.floor((mixed(index) / 2 ** 32) * keys)}`
}

/** A whole number below 2^32 that looks like chance and is the same in every run. */
function mixed(index: number): number {
  let bits = (index + 0x9e3779b9) | 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}
