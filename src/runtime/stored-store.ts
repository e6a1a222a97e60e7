/**
 * A store of an application that may run anywhere, or not at all: what `log.store` answers with.
 */
import { present } from '../core/assert.ts'
import { checkName } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import { type Codec, codecOf } from '../core/serde.ts'
import { type AnyStore, checkStore } from '../core/store-constants.ts'
import { parsePlan, type StoredPlan, type StoreReading, versionFact } from '../core/stored-plan.ts'
import { VersionCodec } from '../core/version-codec.ts'
import { formNamed } from '../core/windows/named-form.ts'
import { rowCodecOf } from '../core/with-headers.ts'
import {
  type ApplicationLog,
  applicationUnknown,
  bindStoreReader,
  type Position,
  type StoredApplication,
  type TaskId,
} from '../log/contract.ts'
import { historyOf, type StoreSpec } from '../plan/store.ts'
import { taskName } from './inherited-ledgers.ts'
import { decodeEntries, type LedgerEntries } from '../core/stored-progress.ts'
import {
  type AnyStoreQuery,
  checkKind,
  isAskable,
  otherSerde,
  queryOf,
  type QueryPlace,
  storeUnknown,
} from './store-query.ts'

bindStoreReader(queryStored)

function queryStored<K, V>(log: ApplicationLog, applicationId: string, given: AnyStore<K, V>): AnyStoreQuery<K, V> {
  checkName('an application id', applicationId)
  const constant = checkStore('store', given)
  let asked = ask(log, applicationId, constant)
  const isMoved = (): boolean => {
    if (asked.found.refresh()) return false
    asked = ask(log, applicationId, constant)
    return true
  }
  const retrying: Retry = (name, given) => {
    try {
      return call(asked.query, name, given)
    } catch (error) {
      if (!isMoved()) throw error
      return call(asked.query, name, given)
    }
  }
  const atLeast: Retry = async (name, given) => {
    for (;;) {
      try {
        await call(asked.query, name, given)
        return live
      } catch (error) {
        if (!isMoved()) throw error
      }
    }
  }
  /** Their rows are read later: they have to begin in the store that there is now. */
  const range: Retry = (name, given) => {
    isMoved()
    return call(asked.query, name, given)
  }
  const special: Readonly<Record<string, Retry>> = { atLeast, range, prefix: range }
  const live = new Proxy(asked.query, {
    get: (query, name) => {
      if (typeof name !== 'string' || !(name in query)) return undefined
      const answer = Object.hasOwn(special, name) ? present(special[name], 'it is its own') : retrying
      return (...given: unknown[]): unknown => answer(name, given)
    },
  })
  return live
}

type Retry = (name: string, given: readonly unknown[]) => unknown

function call(query: object, name: string, given: readonly unknown[]): unknown {
  return Reflect.apply(Reflect.get(query, name) as (...given: readonly unknown[]) => unknown, query, given)
}

/** A store as it is now: another version that becomes the live one has one of its own. */
interface Asked<K, V> {
  readonly found: StoredApplication
  readonly query: AnyStoreQuery<K, V>
}

function ask<K, V>(log: ApplicationLog, applicationId: string, constant: AnyStore<K, V>): Asked<K, V> {
  const { name } = constant
  const found = log.find(applicationId)
  if (found === undefined) throw applicationUnknown(applicationId)
  const { stores } = parsePlan(applicationId, found.plan)
  const stored = own(stores, name)
  if (stored === undefined || !isAskable(stored.reading)) {
    const askable = Object.entries(stores).filter(([, { reading }]) => isAskable(reading))
    const known = askable.map(([other]) => ({ name: other }))
    throw storeUnknown(`application "${applicationId}"`, name, known)
  }
  const { owner, reading } = stored
  checkKind(constant, reading.kind)
  const [keyCodec, valueCodec] = [codecOf(constant.key) as Codec<unknown>, rowCodecOf(constant)]
  checkSerde(name, 'keys', keyCodec, reading.key)
  checkSerde(name, 'values', valueCodec, reading.value)
  checkVersion(name, valueCodec, Number(stored.facts[versionFact] ?? 0))
  const past = reading.kind === 'versioned' ? own(stores, historyOf(name)) : undefined
  const history = past && specOf(historyOf(name), past.reading, keyCodec, new VersionCodec(valueCodec))
  const { subTopology, partitions } = reading
  const spec = specOf(name, reading, keyCodec, valueCodec)
  const place = new StoredPlace(log, applicationId, found)
  return { found, query: queryOf(place, { spec, history, owner, subTopology, partitions }) }
}

function own(stores: StoredPlan['stores'], name: string): StoredPlan['stores'][string] | undefined {
  return Object.hasOwn(stores, name) ? stores[name] : undefined
}

function specOf(
  name: string,
  { kind, layout, form, isOfProcessors }: StoreReading,
  keyCodec: Codec<unknown>,
  valueCodec: Codec<unknown>,
): StoreSpec {
  return {
    kind: kind as StoreSpec['kind'], // a plan is written from one
    name,
    keyCodec,
    valueCodec,
    layout,
    form: form === undefined ? undefined : formNamed(form),
    facts: {},
    isOfProcessors,
  }
}

/** The serdes themselves are not in the log: a name is all that tells one from another. */
function checkSerde(store: string, what: string, given: Codec<unknown>, stored: string): void {
  if (!given.isNamed) {
    const message =
      `the serde of the ${what} of store "${store}" has no name, so nothing says that it is the one of the store: ` +
      "give it one, { name: '…', encode, decode }"
    throw new MillraceError('bad_option', message, { store })
  }
  if (given.name !== stored) throw otherSerde(store, what, given.name, stored)
}

/** An older reader cannot know what newer rows mean. */
function checkVersion(store: string, { name, version }: Codec<unknown>, stored: number): void {
  if (version >= stored) return
  const message =
    `the values of store "${store}" have version ${stored}, but the constant says ${version}: give ${name}() the version ` +
    'that the application has'
  throw new MillraceError('bad_option', message, { store })
}

/** An application that is read while others may run it, start it again or delete it. */
class StoredPlace implements QueryPlace {
  readonly #log: ApplicationLog
  readonly #applicationId: string
  readonly #found: StoredApplication
  /** Since the last refresh. */
  readonly #entries = new Map<string, LedgerEntries | undefined>()

  constructor(log: ApplicationLog, applicationId: string, found: StoredApplication) {
    this.#log = log
    this.#applicationId = applicationId
    this.#found = found
  }

  get reader(): StoredApplication['state'] {
    return this.#found.state
  }

  /** @throws MillraceError `application_unknown`, `superseded` */
  refresh(): void {
    this.#entries.clear()
    if (this.#found.refresh()) return
    if (this.#log.find(this.#applicationId) === undefined) throw applicationUnknown(this.#applicationId)
    throw new MillraceError(
      'superseded',
      `application "${this.#applicationId}" has another store now: another version became the live one, or it was reset. ` +
        'Ask again: what was read so far is of the one before',
    )
  }

  positions(): readonly Position[] {
    return this.#found.positions()
  }

  watch(onNews: () => void): () => void {
    return this.#found.onNews(onNews)
  }

  storeId(name: string): number {
    return present(this.#found.storeId(name), 'every store of a stored plan has an id')
  }

  entriesOf(task: TaskId): LedgerEntries | undefined {
    const name = taskName(task)
    if (!this.#entries.has(name)) {
      const stored = this.#found.progress(task)
      this.#entries.set(name, stored === undefined ? undefined : decodeEntries(stored))
    }
    return this.#entries.get(name)
  }
}
