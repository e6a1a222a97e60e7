/**
 * Keys and values by the serde that their topic names: bytes as text for people, as JSON for programs, and back.
 *
 * A record that its serde does not fit is still shown, as text or as hex: no odd record may end the output.
 */
import { asBuffer } from '../core/bytes.ts'
import { messageOf } from '../core/errors.ts'
import { codecNamed } from '../core/named-serde.ts'
import type { Codec } from '../core/serde.ts'
import { decodeText, isWellFormed } from '../core/text.ts'
import { shown } from '../core/shown.ts'
import { hexOf } from './json.ts'
import { bytesFromJson, fromJson as fromJsonOf, hexJson, isBareText, toJson } from './json-values.ts'
import { UnfitText } from './unfit-text.ts'

/** How the keys or the values of a topic are read and written. */
export interface Form {
  /** Whether text stands for itself. */
  readonly isText: boolean
  /** What a person sees. */
  readonly text: (bytes: Uint8Array) => string
  /** The same as a piece of JSON. */
  readonly json: (bytes: Uint8Array) => string
  /** The bytes for text that was typed; null for what stands for null. Throws {@link UnfitText}. */
  readonly fromText: (text: Uint8Array) => Uint8Array | null
  /** The bytes for a value that was JSON. Throws {@link UnfitText}. */
  readonly fromJson: (value: unknown) => Uint8Array | null
}

/** UTF-8 where it is, hex otherwise. */
function textOrHex(bytes: Uint8Array): string {
  return strictText(bytes) ?? hexOf(bytes)
}

function strictText(bytes: Uint8Array): string | undefined {
  try {
    return decodeText(asBuffer(bytes), 0, bytes.length)
  } catch {
    return undefined
  }
}

function textOrHexJson(bytes: Uint8Array): string {
  const text = strictText(bytes)
  return JSON.stringify(text ?? hexJson(bytes))
}

/** For bytes that nothing is known about. */
const bytesForm: Form = {
  isText: true,
  text: textOrHex,
  json: textOrHexJson,
  fromText: (text) => text,
  fromJson: (value) => (value === null ? null : bytesFromJson(value)),
}

const stringForm: Form = {
  ...bytesForm,
  fromText(text) {
    if (strictText(text) !== undefined) return text
    throw new UnfitText('is not UTF-8')
  },
  fromJson(value) {
    if (value === null) return null
    if (typeof value === 'string' && isWellFormed(value)) return Buffer.from(value)
    throw new UnfitText(`expected a string, not ${shown(value)}`)
  },
}

/** Stored JSON is shown as it is stored. */
const jsonForm: Form = {
  isText: false,
  text: textOrHex,
  json(bytes) {
    const text = strictText(bytes)
    if (text === undefined) return textOrHexJson(bytes)
    try {
      const value: unknown = JSON.parse(text)
      return /[\n\r]/.test(text) ? JSON.stringify(value) : text
    } catch {
      return JSON.stringify(text)
    }
  },
  fromText(text) {
    return parsed(text) === null ? null : text
  },
  fromJson: (value) => (value === null ? null : Buffer.from(JSON.stringify(value))),
}

function parsed(bytes: Uint8Array): unknown {
  const text = strictText(bytes)
  if (text === undefined) throw new UnfitText('is not UTF-8')
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new UnfitText(`is not JSON: ${messageOf(error)}`)
  }
}

/** Numbers, tuples, windows, MessagePack: through the serde. */
function codecForm(codec: Codec<unknown>): Form {
  const read = (bytes: Uint8Array): unknown => codec.read(asBuffer(bytes), 0, bytes.length)
  const fromJson = (value: unknown): Uint8Array | null => {
    if (value === null) return null
    try {
      return codec.encode(fromJsonOf(codec, value))
    } catch (error) {
      throw error instanceof UnfitText ? error : new UnfitText(messageOf(error))
    }
  }
  return {
    isText: false,
    text(bytes) {
      try {
        const value = toJson(codec, read(bytes))
        return typeof value === 'string' ? value : JSON.stringify(value)
      } catch {
        return textOrHex(bytes)
      }
    },
    json(bytes) {
      try {
        return JSON.stringify(toJson(codec, read(bytes)))
      } catch {
        return textOrHexJson(bytes)
      }
    },
    fromText(text) {
      const bare = strictText(text)
      return fromJson(bare !== undefined && isBareText(codec, bare) ? bare : parsed(text))
    },
    fromJson,
  }
}

const simple: Readonly<Record<string, Form>> = { bytes: bytesForm, string: stringForm, json: jsonForm }

/** Whether the command can write with a serde: the name of one that is a program's own says nothing. */
export function isKnownSerde(name: string | undefined): boolean {
  return name === undefined || codecNamed(name) !== undefined
}

/** The form of a serde by its name; that of bytes where there is none, or where it is a program's own. */
export function formOf(name: string | undefined): Form {
  const inner = /^nullable\((.*)\)$/.exec(name ?? '')?.[1] ?? name
  const codec = inner === undefined ? undefined : codecNamed(inner)
  return codec === undefined ? bytesForm : (simple[codec.name] ?? codecForm(codec))
}
