/**
 * How far an application has come, as queries say it and wait for it.
 */
import { checkWhole } from './checks.ts'
import { MillraceError } from './errors.ts'
import { shown } from './shown.ts'

/**
 * How far an application has read its input: for each topic the offsets of the next records, by partition. Plain data,
 * to hand on with an answer.
 */
export interface StorePosition {
  /** The offset of the next record in each partition of the topic. */
  readonly [topic: string]: readonly number[]
}

/** Where a record is: what `producer.send` resolves with is one. */
export interface RecordPlace {
  /** The topic that it is in. */
  readonly topic: string
  /** Its partition, from 0. */
  readonly partition: number
  /** Its place in the partition. */
  readonly offset: number
}

/** What a question was answered with, and as of when. */
export interface StoreSnapshot<R> {
  /** What the question returned. */
  readonly answer: R
  /** How far the application had read its input. */
  readonly position: StorePosition
}

/** A store whose answers say how far the application had come, and that can be waited for. */
export interface StoreSnapshots<Rows> {
  /**
   * Answers a question as of one commit, and says how far the application had read its input by then. All that the
   * question asks of this store it sees at the same moment, ranges too, as long as it reads them before it returns.
   * Until it returns nothing else happens in the process, so ask for little.
   *
   * @example
   * ```ts
   * const { answer, position } = app.store(totals).snapshot((rows) => [...rows.range()])
   * console.log(answer.length, position['clicks'])
   * ```
   * @throws MillraceError `bad_option` for a question that answers with a promise, and as queries do
   */
  snapshot<R>(question: (rows: Rows) => R): StoreSnapshot<R>

  /**
   * Resolves with the store when the application has committed at least this much: a position that a snapshot gave,
   * here or in another process, or records, which must have been processed. Queries after that answer from there or
   * later. What `mapAsync` is still working on has been read, but is not in the stores after it.
   *
   * @example
   * ```ts
   * const sent = await log.producer().send(clicks, { key: '10.0.0.1', value: { page: '/', status: 200, bytes: 0 } })
   * const rows = await app.store(totals).atLeast(sent, { signal: AbortSignal.timeout(seconds(5)) })
   * console.log(rows.get('/'))
   * ```
   * @throws MillraceError `bad_option` for a topic that the application does not read, `closed`, `application_unknown`,
   *   what a running application fails with, and the reason of a signal that aborts
   */
  atLeast(
    position: StorePosition | RecordPlace | readonly RecordPlace[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<Rows>
}

/**
 * The position by which an application has processed what is given.
 *
 * @throws MillraceError `bad_option`
 */
export function checkPosition(given: unknown): StorePosition {
  if (typeof given !== 'object' || given === null) throw noPosition(given)
  const position = new Map<string, number[]>()
  const reach = (topic: string, partition: number, offset: number): void => {
    const offsets = position.get(topic) ?? []
    position.set(topic, offsets)
    while (offsets.length <= partition) offsets.push(0)
    offsets[partition] = Math.max(offsets[partition] ?? 0, offset)
  }
  const places: readonly unknown[] | undefined = Array.isArray(given) ? given : isPlace(given) ? [given] : undefined
  for (const place of places ?? []) {
    if (!isPlace(place)) throw noPosition(place)
    reach(place.topic, checkWhole('a partition', place.partition, 0), checkWhole('an offset', place.offset, 0) + 1)
  }
  for (const [topic, offsets] of places === undefined ? Object.entries(given) : []) {
    if (!Array.isArray(offsets)) throw noPosition(given)
    for (const [partition, offset] of (offsets as readonly number[]).entries()) {
      reach(topic, partition, checkWhole('an offset', offset, 0))
    }
  }
  return Object.fromEntries(position)
}

function isPlace(given: unknown): given is RecordPlace {
  return (
    typeof given === 'object' &&
    given !== null &&
    'topic' in given &&
    'offset' in given &&
    typeof given.topic === 'string'
  )
}

function noPosition(given: unknown): MillraceError {
  return new MillraceError(
    'bad_option',
    `${shown(given)} is no position: give atLeast what a snapshot or a send said, or { topic, partition, offset }`,
  )
}
