/**
 * Keys of stores as they are shown and typed: each key that is shown can be typed, and means that key.
 *
 * Text stands for itself, everything else is JSON. Text that would mean something else is put in quotes, as JSON; a key
 * that JSON cannot give back is shown as its bytes, `{ "hex": … }`, and so may any key be typed.
 */
import { asBuffer } from '../core/bytes.ts'
import { MillraceError, messageOf } from '../core/errors.ts'
import type { Codec } from '../core/serde.ts'
import { escaped } from '../core/escaped.ts'
import { shown } from '../core/shown.ts'
import { TupleCodec } from '../core/tuple-codec.ts'
import { hexJson, partsFromJson, toJson } from './json-values.ts'
import { type Form, formOf } from './record-form.ts'
import { UnfitText } from './unfit-text.ts'

export class StoreKeys {
  readonly #codec: Codec<unknown>
  readonly #form: Form

  constructor(codec: Codec<unknown>) {
    this.#codec = codec
    this.#form = formOf(codec.name)
  }

  /** The key that a text means; throws a {@link UnfitText}. */
  typed(text: string): unknown {
    return this.#checked(text, () => this.#read(text))
  }

  /** The same for what keys begin with: of a tuple its first parts. */
  typedPrefix(text: string): unknown {
    const codec = this.#codec
    if (!(codec instanceof TupleCodec)) return this.typed(text)
    return this.#checked(text, () => {
      const parts = JSON.parse(text) as unknown
      return Array.isArray(parts) ? partsFromJson(codec, parts) : parts
    })
  }

  /** The key on a line, without anything that a terminal would obey. */
  text(key: unknown): string {
    return this.#exact(key, this.#texts(key), (text) => text)
  }

  *#texts(key: unknown): Iterable<string> {
    const json = toJson(this.#codec, key)
    if (typeof json === 'string') yield escaped(json)
    yield escaped(JSON.stringify(json))
    yield JSON.stringify(hexJson(this.#codec.encode(key)))
  }

  /** The key as a piece of JSON. */
  json(key: unknown): unknown {
    return this.#exact(key, this.#jsons(key), (json) => JSON.stringify(json))
  }

  *#jsons(key: unknown): Iterable<unknown> {
    yield toJson(this.#codec, key)
    yield hexJson(this.#codec.encode(key))
  }

  /** The first that means the key: the bytes always do. */
  #exact<T>(key: unknown, candidates: Iterable<T>, textOf: (candidate: T) => string): T {
    const bytes = this.#codec.encode(key)
    for (const candidate of candidates) if (this.#means(textOf(candidate), bytes)) return candidate
    throw new MillraceError('defect', `no text means the key ${shown(key)}`)
  }

  #means(text: string, bytes: Uint8Array): boolean {
    try {
      return Buffer.compare(this.#codec.encode(this.#read(text)), bytes) === 0
    } catch {
      return false
    }
  }

  #read(text: string): unknown {
    const [, hex] = /^\s*\{\s*"hex"\s*:\s*"((?:[\da-f]{2})*)"\s*\}\s*$/i.exec(text) ?? []
    const bytes = hex === undefined ? this.#fromText(text) : Buffer.from(hex, 'hex')
    return bytes === null ? null : this.#codec.read(asBuffer(bytes), 0, bytes.length)
  }

  #fromText(text: string): Uint8Array | null {
    const { isText, fromText } = this.#form
    return fromText(Buffer.from((isText ? unquoted(text) : undefined) ?? text))
  }

  #checked<T>(text: string, read: () => T): T {
    try {
      return read()
    } catch (error) {
      const { name } = this.#codec
      throw new UnfitText(`${shown(text)} is no key of this store, whose keys are ${name}: ${messageOf(error)}`)
    }
  }
}

/** What text in quotes stands for; undefined for any other. */
function unquoted(text: string): string | undefined {
  if (!text.startsWith('"')) return undefined
  try {
    const inner = JSON.parse(text) as unknown
    return typeof inner === 'string' ? inner : undefined
  } catch {
    return undefined
  }
}
