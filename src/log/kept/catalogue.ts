/**
 * The rows of topics and stores, and the row that counts them (catalogue-row.ts).
 *
 * Code that would act on the absence of a topic or a store first asks here whether it is really absent: a row that a
 * flipped bit hides is damage, not a reason to create the topic or store again.
 */
import type { MillraceError } from '../../core/errors.ts'
import type { DatabaseName } from '../../storage/databases.ts'
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import { damaged } from '../../storage/read-failure.ts'
import { type CatalogueRow, decodeCatalogue, emptyCatalogue, encodeCatalogue } from './catalogue-row.ts'
import { noRows, type RowSum, sumWith, sumWithout } from './row-sum.ts'
import { decodeTopic, type TopicDescription } from './topic-row.ts'

type Counted = 'topics' | 'stores'

export const catalogueKey: Buffer = Buffer.from('catalogue')
const firstKey = Buffer.of(0)
const lastKey = Buffer.of(255)
const pageRows = 256

/** Databases that have rows only if there is, or was, a topic, a store, a producer or an application. */
const followers = [
  'topics',
  'stores',
  'partitions',
  'batches',
  'state',
  'producers',
  'applications',
] as const satisfies readonly DatabaseName[]

export class Catalogue {
  readonly #environment: Environment
  /** The version whose rows were all found. */
  #soundVersion = -1
  /** The topics of a version that was committed. */
  #named: { readonly version: number; readonly names: ReadonlyMap<number, string> } | undefined

  constructor(environment: Environment) {
    this.#environment = environment
  }

  /** @throws MillraceError `damaged` */
  row(): CatalogueRow {
    const stored = this.#environment.get('meta', catalogueKey)
    if (stored !== undefined) {
      const row = decodeCatalogue(stored)
      if (row !== undefined) return row
      throw this.#damaged('the row that counts it cannot be decoded')
    }
    for (const database of followers) {
      if (this.#environment.keys(database, firstKey, lastKey, 1).length === 0) continue
      throw this.#damaged(`the row that counts it is missing, and there are rows of "${database}"`)
    }
    return emptyCatalogue
  }

  /** The next id of a topic or a store. */
  takeId(transaction: WriteTransaction): number {
    const row = this.row()
    putRow(transaction, { ...row, nextId: row.nextId + 1 })
    return row.nextId
  }

  takeProducerId(transaction: WriteTransaction): number {
    const row = this.row()
    putRow(transaction, { ...row, nextProducerId: row.nextProducerId + 1 })
    return row.nextProducerId
  }

  takeEpoch(transaction: WriteTransaction): number {
    const row = this.row()
    putRow(transaction, { ...row, nextEpoch: row.nextEpoch + 1 })
    return row.nextEpoch
  }

  /** Writes the row of a topic or a store, or removes it. */
  put(transaction: WriteTransaction, database: Counted, key: Buffer, value: Buffer | undefined): void {
    const row = this.row()
    const before = this.#environment.get(database, key)
    const sum = sumWithout(row[database], key, before)
    const version = database === 'topics' ? row.version + 1 : row.version
    putRow(transaction, { ...row, version, [database]: sumWith(sum, key, value) })
    if (this.#soundVersion === row.version) this.#soundVersion = version
    if (value === undefined) transaction.remove(database, key)
    else transaction.put(database, key, value)
  }

  /**
   * Whether there is a topic of this name.
   *
   * @throws MillraceError `damaged` when it is not found and the catalogue is incomplete
   */
  topic(name: string): TopicDescription | undefined {
    const key = Buffer.from(name)
    const stored = this.#environment.get('topics', key)
    if (stored !== undefined) return this.#topicOf(key, stored)
    if (this.row().version !== this.#soundVersion) this.check()
    return undefined
  }

  /** The id of a store; throws as {@link topic}. */
  store(key: Buffer): number | undefined {
    const stored = this.#environment.get('stores', key)
    if (stored?.length === 4) return stored.readUInt32BE(0)
    if (stored !== undefined) throw this.#damaged('a row of "stores" does not hold an id')
    this.check()
    return undefined
  }

  /** Every topic, by name. */
  topics(): TopicDescription[] {
    const { topics } = this.row()
    const found: TopicDescription[] = []
    this.#checkRows('topics', topics, (key, value) => found.push(this.#topicOf(key, value)))
    return found
  }

  /** The names of all topics, by id: read once for each state of the catalogue. */
  topicNames(): ReadonlyMap<number, string> {
    const { version } = this.row()
    if (this.#named?.version === version) return this.#named.names
    const names = new Map(this.topics().map(({ id, name }) => [id, name]))
    if (!this.#environment.isWriting) this.#named = { version, names } // a write may be undone
    return names
  }

  /**
   * Checks that every topic and store is there, can be found by its name, and is up to date.
   *
   * @throws MillraceError `damaged`
   */
  check(): void {
    const { version, nextId, topics, stores } = this.row()
    const ids = new Set<number>()
    const checkId = (id: number): void => {
      if (id < 1 || id >= nextId || ids.has(id))
        throw this.#damaged(`the id ${id} was never assigned, or was assigned twice`)
      ids.add(id)
    }
    this.#checkRows('topics', topics, (key, value) => checkId(this.#topicOf(key, value).id))
    this.#checkRows('stores', stores, (_, value) => checkId(value.length === 4 ? value.readUInt32BE(0) : -1))
    this.#soundVersion = version
  }

  /** After a transaction that was undone: what was found in it says nothing. */
  forgetChecks(): void {
    this.#soundVersion = -1
  }

  #checkRows(database: Counted, expected: RowSum, visit: (key: Buffer, value: Buffer) => void): void {
    let sum = noRows
    for (const page of this.#environment.pages(database, firstKey, lastKey, pageRows)) {
      for (const { key, value } of page) {
        sum = sumWith(sum, key, value)
        if (this.#environment.get(database, key) === undefined) {
          throw this.#damaged(`a row of "${database}" exists but cannot be found by its key`)
        }
        visit(key, value)
      }
    }
    if (sum.count !== expected.count) {
      throw this.#damaged(`it has ${expected.count} rows of "${database}", but ${sum.count} can be found`)
    }
    if (sum.digest !== expected.digest) throw this.#damaged(`rows of "${database}" are out of date`)
  }

  #topicOf(key: Buffer, value: Buffer): TopicDescription {
    const topic = decodeTopic(value)
    if (topic !== undefined && key.equals(Buffer.from(topic.name)) && topic.partitions >= 1) return topic
    throw this.#damaged(`a row does not describe the topic that it is stored under`)
  }

  #damaged(what: string): MillraceError {
    return damaged(this.#environment.dir, `the catalogue of topics is inconsistent: ${what}`)
  }
}

function putRow(transaction: WriteTransaction, row: CatalogueRow): void {
  transaction.put('meta', catalogueKey, encodeCatalogue(row))
}
