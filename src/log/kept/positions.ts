/**
 * How far groups and applications have read: the offset of the next record, by group and partition.
 *
 * Those of an application belong to it, because they are one with its state: nothing else may move them.
 */
import { MillraceError } from '../../core/errors.ts'
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import { afterName, afterPrefix, namedKey } from '../../storage/keys.ts'
import { damaged } from '../../storage/read-failure.ts'
import type { PartitionNumbers } from '../format/partition-id.ts'
import { isApplication } from './application-rows.ts'
import {
  type CommittedPosition,
  decodePosition,
  encodePosition,
  groupOf,
  partitionIn,
  positionKey,
} from './position-row.ts'
import { decodeSum, encodeSum, equalSums, noRows, type RowSum, sumWith, sumWithout } from './row-sum.ts'

export interface StoredPosition extends CommittedPosition, PartitionNumbers {}

const pageRows = 512
/** How many positions a page of {@link Positions.pages} has; only the last one has fewer. */
export const positionsAtOnce: number = pageRows
const soundGroupsMax = 1_000

export class Positions {
  readonly #environment: Environment
  /** What the positions of a group added up to when all of them were found: until that changes none is hidden. */
  readonly #sound = new Map<string, RowSum>()

  constructor(environment: Environment) {
    this.#environment = environment
  }

  /** @throws MillraceError `damaged` when there is none because damage hides it */
  get(group: string, partition: PartitionNumbers): CommittedPosition | undefined {
    const stored = this.#environment.get('positions', positionKey(group, partition))
    if (stored === undefined && !this.#isSound(group, this.#sum(group))) this.list(group)
    return stored === undefined ? undefined : decodePosition(stored)
  }

  put(transaction: WriteTransaction, group: string, partition: PartitionNumbers, position: CommittedPosition): void {
    this.#change(transaction, group, positionKey(group, partition), encodePosition(position))
  }

  remove(transaction: WriteTransaction, group: string, partition: PartitionNumbers): void {
    this.#change(transaction, group, positionKey(group, partition), undefined)
  }

  /** Forgets a group in the transaction, however many positions it has. */
  removeAll(transaction: WriteTransaction, group: string): void {
    for (const position of this.list(group)) transaction.remove('positions', positionKey(group, position))
    transaction.remove('meta', sumKey(group))
    this.#sound.delete(group)
  }

  #change(transaction: WriteTransaction, group: string, key: Buffer, value: Buffer | undefined): void {
    const before = this.#sum(group)
    const sum = sumWith(sumWithout(before, key, this.#environment.get('positions', key)), key, value)
    if (sum.count === 0) this.#sound.delete(group)
    else if (this.#isSound(group, before)) this.#sound.set(group, sum)
    if (sum.count > 0) transaction.put('meta', sumKey(group), encodeSum(sum))
    else transaction.remove('meta', sumKey(group))
    if (value === undefined) transaction.remove('positions', key)
    else transaction.put('positions', key, value)
  }

  #isSound(group: string, sum: RowSum): boolean {
    const sound = this.#sound.get(group)
    return sound !== undefined && equalSums(sound, sum)
  }

  #sum(group: string): RowSum {
    return decodeSum(this.#environment.get('meta', sumKey(group)))
  }

  /**
   * All positions of a group, by topic id and partition.
   *
   * @throws MillraceError `damaged` when one is hidden or out of date: a reader that began there would read records
   *   again
   */
  list(group: string): StoredPosition[] {
    return [...this.pages(group)].flat()
  }

  /**
   * As {@link list}, {@link positionsAtOnce} at a time. If a caller reads on in a later snapshot, damage is found only
   * where no position has moved meanwhile.
   */
  *pages(group: string): Generator<StoredPosition[], undefined> {
    const before = this.#sum(group)
    const prefix = namedKey(group, '')
    let sum = noRows
    for (const page of this.#environment.pages('positions', prefix, afterPrefix(prefix), pageRows)) {
      for (const { key, value } of page) sum = sumWith(sum, key, value)
      yield page.map(({ key, value }) => ({ ...partitionIn(key), ...decodePosition(value) }))
    }
    const expected = this.#sum(group)
    if (equalSums(sum, expected)) {
      if (this.#sound.size >= soundGroupsMax) this.#sound.clear()
      this.#sound.set(group, sum)
      return undefined
    }
    if (!equalSums(before, expected)) return undefined // they have moved between two pages
    const what = `"${group}" has ${expected.count} positions, but ${sum.count} can be found, or they are out of date`
    throw damaged(this.#environment.dir, what)
  }

  /**
   * Forgets what groups have committed for a topic, a step at a time; an application keeps its own and so notices a new
   * topic.
   */
  *removeTopic(topicId: number): Generator<void> {
    for (let from: Buffer = Buffer.of(0); ;) {
      this.#environment.refresh()
      const keys = this.#environment.range('positions', from, Buffer.of(255), pageRows).map(({ key }) => key)
      const gone = keys.filter((key) => partitionIn(key).topicId === topicId && !this.isApplication(groupOf(key)))
      if (gone.length > 0) {
        this.#environment.write((transaction) => {
          for (const key of gone) this.#change(transaction, groupOf(key), key, undefined)
        })
      }
      yield
      const last = keys.at(-1)
      if (last === undefined || keys.length < pageRows) return
      from = Buffer.concat([last, Buffer.of(0)])
    }
  }

  /** Everyone who has positions, applications too, by name. */
  names(): string[] {
    const names: string[] = []
    for (let from: Buffer = Buffer.of(0); ;) {
      const [entry] = this.#environment.range('positions', from, Buffer.of(255), 1)
      if (entry === undefined) return names
      const name = groupOf(entry.key)
      names.push(name)
      from = afterName(name, entry.key, from)
    }
  }

  isApplication(group: string): boolean {
    return isApplication(this.#environment, group)
  }

  /** @throws MillraceError `owned_by_application` */
  checkNotApplication(group: string): void {
    if (!this.isApplication(group)) return
    throw new MillraceError(
      'owned_by_application',
      `the positions of "${group}" belong to the application of that name: they are one with its state. To read the topics ` +
        'again use log.admin.resetApplication; to forget it, log.admin.deleteApplication; to read beside it, another group',
    )
  }
}

/** Where the sum of a group's positions stands. */
function sumKey(group: string): Buffer {
  return namedKey('positions', group)
}
