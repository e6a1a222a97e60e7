/**
 * A store of an application, read by what its plan says of it: no program has to be at hand.
 *
 * The serdes of millrace are known by their names. What another serde wrote is shown as its bytes are.
 */
import { type ByteWriter, copyOf } from '../core/bytes.ts'
import { MillraceError } from '../core/errors.ts'
import { nearestName } from '../core/near-names.ts'
import { codecNamed } from '../core/named-serde.ts'
import type {
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedStore,
  ReadOnlyWindowStore,
} from '../core/read-only-stores.ts'
import { Codec, codecOf } from '../core/serde.ts'
import { json, msgpack } from '../core/serdes.ts'
import { shown } from '../core/shown.ts'
import { keyValueStore, sessionStore, versionedStore, windowStore } from '../core/store-constants.ts'
import type { StoreDescription } from '../log/admin/application-description.ts'
import type { Log } from '../log/face.ts'
import { StoreKeys } from './store-keys.ts'

/** A store that can be asked, by its kind. */
export type StoredQuery =
  | { readonly kind: 'keyValue'; readonly store: ReadOnlyKeyValueStore<unknown, unknown> }
  | { readonly kind: 'window'; readonly store: ReadOnlyWindowStore<unknown, unknown> }
  | { readonly kind: 'session'; readonly store: ReadOnlySessionStore<unknown, unknown> }
  | { readonly kind: 'versioned'; readonly store: ReadOnlyVersionedStore<unknown, unknown> }

export interface FoundStore {
  readonly query: StoredQuery
  readonly keys: StoreKeys
}

/**
 * @throws MillraceError `application_unknown`, `store_unknown`
 */
export async function findStore(log: Log, applicationId: string, name: string): Promise<FoundStore> {
  const stores = await askableStores(log, applicationId)
  const found = stores.find((store) => store.name === name)
  const key = found && (codecNamed(found.key) ?? new UnknownCodec(found.key))
  const query = found && key && queryOf(log, applicationId, found, key)
  if (query !== undefined && key !== undefined) return { query, keys: new StoreKeys(key) }
  const names = stores.map((store) => store.name)
  const near = nearestName(name, names)
  const hint = near === undefined ? `it has ${names.join(', ') || 'none'}` : `did you mean ${near}?`
  throw new MillraceError('store_unknown', `application ${shown(applicationId)} has no store ${shown(name)}; ${hint}`, {
    store: name,
  })
}

/** Those that can be asked: not the buffers that operators have for themselves. */
export async function askableStores({ admin }: Log, applicationId: string): Promise<readonly StoreDescription[]> {
  const { stores } = await admin.describeApplication(applicationId)
  return stores.filter(({ kind }) => ['keyValue', 'window', 'session', 'versioned'].includes(kind))
}

function queryOf(
  log: Log,
  applicationId: string,
  { name, kind, value }: StoreDescription,
  key: Codec<unknown>,
): StoredQuery | undefined {
  const [, inner] = /^with-headers\((.*)\)$/.exec(value) ?? []
  const options = { key, value: valueCodecOf(inner ?? value) }
  switch (kind) {
    case 'keyValue': {
      const constant = keyValueStore(name, { ...options, headers: inner !== undefined })
      return { kind, store: log.store(applicationId, constant) }
    }
    case 'window':
      return { kind, store: log.store(applicationId, windowStore(name, options)) }
    case 'session':
      return { kind, store: log.store(applicationId, sessionStore(name, options)) }
    case 'versioned':
      return { kind, store: log.store(applicationId, versionedStore(name, { ...options, historyMs: 1 })) }
    default:
      return undefined
  }
}

/** Any version that values can have, so that those of every version are shown, each as it is stored. */
const everyVersion = { version: 255, migrate: (value: unknown): unknown => value }

function valueCodecOf(name: string): Codec<unknown> {
  if (name === 'json') return codecOf(json(everyVersion))
  if (name === 'msgpack') return codecOf(msgpack(everyVersion))
  return codecNamed(name) ?? new UnknownCodec(name)
}

/** Stands for the serde of a program: its bytes are all that is known. */
class UnknownCodec extends Codec<unknown> {
  readonly name: string
  override readonly version = everyVersion.version

  constructor(name: string) {
    super()
    this.name = name
  }

  write(value: unknown, out: ByteWriter): void {
    out.appendAll(value as Uint8Array) // what `read` and the form of bytes return
  }

  read(bytes: Buffer, start: number, end: number): Uint8Array {
    return copyOf(bytes, start, end)
  }
}
