/**
 * Values of a serde as JSON, and back: JSON has no form for bigints, bytes and some numbers, wherever in a value they
 * are.
 */
import { codecNamed } from '../core/named-serde.ts'
import type { Codec } from '../core/serde.ts'
import { shown } from '../core/shown.ts'
import { TupleCodec } from '../core/tuple-codec.ts'
import { WindowedCodec } from '../core/windows/windowed.ts'
import { hexOf, plain } from './json.ts'
import { UnfitText } from './unfit-text.ts'

/** What JSON has no form for is text, or `{ "hex": … }`; {@link fromJson} takes it back. */
export function toJson(nullable: Codec<unknown>, value: unknown): unknown {
  if (value === null) return null
  const codec = withoutNull(nullable)
  if (codec instanceof TupleCodec) {
    const { parts } = codec
    return (value as readonly unknown[]).map((part, at) => toJson(parts[at] as Codec<unknown>, part))
  }
  if (codec instanceof WindowedCodec) return { ...value, key: toJson(codec.key as Codec<unknown>, keyIn(value)) }
  return Object.is(value, -0) ? '-0' : plain(value)
}

/** The value of a serde that JSON stands for; what it does not fit is for the serde to refuse. */
export function fromJson(nullable: Codec<unknown>, json: unknown): unknown {
  if (json === null) return null
  const codec = withoutNull(nullable)
  if (codec instanceof TupleCodec) return Array.isArray(json) ? partsFromJson(codec, json) : json
  if (codec instanceof WindowedCodec) {
    return typeof json === 'object' ? { ...json, key: fromJson(codec.key as Codec<unknown>, keyIn(json)) } : json
  }
  if (codec.name === 'bigint64') return bigintOf(json)
  if (codec.name === 'bytes') return bytesFromJson(json)
  return codec.name === 'float64' && isOddNumber(json) ? Number(json) : json
}

/** Those of a tuple, or of what tuples begin with. */
export function partsFromJson({ parts }: TupleCodec, json: readonly unknown[]): readonly unknown[] {
  return json.map((part, at) => {
    const codec = parts[at]
    return codec === undefined ? part : fromJson(codec, part)
  })
}

/** Text that is no JSON, or loses by being read as JSON, and still means a value of the serde. */
export function isBareText(codec: Codec<unknown>, text: string): boolean {
  const { name } = withoutNull(codec)
  return (name === 'bigint64' && /^-?\d+$/.test(text)) || (name === 'float64' && isOddNumber(text))
}

function keyIn(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'key' in value ? value.key : undefined
}

function withoutNull(codec: Codec<unknown>): Codec<unknown> {
  const [, inner] = /^nullable\((.*)\)$/.exec(codec.name) ?? []
  return (inner === undefined ? undefined : codecNamed(inner)) ?? codec
}

function isOddNumber(json: unknown): boolean {
  return typeof json === 'string' && ['NaN', 'Infinity', '-Infinity', '-0'].includes(json)
}

function bigintOf(json: unknown): unknown {
  if (typeof json === 'string' && /^-?\d+$/.test(json)) return BigInt(json)
  if (typeof json !== 'number') return json
  if (Number.isSafeInteger(json)) return BigInt(json)
  throw new UnfitText(`${json} is no integer that a JSON number holds exactly: write it in quotes`)
}

/** Text is UTF-8. */
export function bytesFromJson(json: unknown): Uint8Array {
  if (typeof json === 'string') return Buffer.from(json)
  const hex = typeof json === 'object' && json !== null && 'hex' in json ? json.hex : undefined
  if (typeof hex === 'string' && /^([\da-f]{2})*$/i.test(hex)) return Buffer.from(hex, 'hex')
  throw new UnfitText(`expected text or { "hex": "…" }, not ${shown(json)}`)
}

export function hexJson(bytes: Uint8Array): { readonly hex: string } {
  return { hex: hexOf(bytes) }
}
