/**
 * The serde that a name stands for, to read what another program wrote: a topic and the stored plan name the serdes of
 * their bytes, and those of millrace are known by their names.
 *
 * A serde of a user is not known by its name alone.
 */
import { type Codec, codecOf, type Serde } from './serde.ts'
import { bigint64, boolean, bytes, float64, int64, json, msgpack, nullable, string } from './serdes.ts'
import { TupleCodec } from './tuple-codec.ts'
import { VersionCodec } from './version-codec.ts'
import { formNamed } from './windows/named-form.ts'
import type { WindowForm } from './windows/window-form.ts'
import { WindowedCodec } from './windows/windowed.ts'
import { WithHeadersCodec } from './with-headers.ts'

type AnyCodec = Codec<unknown>

const simple: ReadonlyMap<string, AnyCodec> = new Map(
  [string(), int64(), bigint64(), float64(), boolean(), bytes(), json(), msgpack()].map((serde) => {
    const codec = codecOf(serde as Serde<unknown>)
    return [codec.name, codec] as const
  }),
)

/** Undefined for a name that none of millrace's serdes has. */
export function codecNamed(name: string): AnyCodec | undefined {
  const [, kind = '', inner = ''] = /^([a-z-]+)\((.*)\)$/.exec(name) ?? []
  const codec = kind === '' ? simple.get(name) : composed(kind, inner)
  return codec?.name === name ? codec : undefined
}

function composed(kind: string, inner: string): AnyCodec | undefined {
  const names = partsOf(inner)
  if (kind === 'windowed') {
    const key = codecNamed(names.slice(0, -1).join(','))
    const form = names.at(-1) ?? ''
    return key === undefined ? undefined : windowedCodec(key, form)
  }
  const parts = names.flatMap((part) => codecNamed(part) ?? [])
  const [first] = parts
  if (first === undefined || parts.length !== names.length) return undefined
  if (kind === 'tuple') return new TupleCodec(parts) as AnyCodec
  if (parts.length > 1) return undefined
  if (kind === 'nullable') return codecOf(nullable(first))
  if (kind === 'with-headers') return new WithHeadersCodec(first) as AnyCodec
  return kind === 'version' ? new VersionCodec(first) : undefined
}

/** Of which windows keys are, by the name of their serde, which may be one of a user's; undefined: of none. */
export function windowFormOf(serdeName: string): WindowForm | undefined {
  const [, inner] = /^windowed\((.*)\)$/.exec(serdeName) ?? []
  if (inner === undefined) return undefined
  try {
    return formNamed(partsOf(inner).at(-1) ?? '')
  } catch {
    return undefined // windows of a form that this version does not know
  }
}

function windowedCodec(key: AnyCodec, form: string): AnyCodec | undefined {
  try {
    return new WindowedCodec(key, formNamed(form)) as AnyCodec
  } catch {
    return undefined // windows of a form that this version does not know
  }
}

/** What stands between the commas that are in no parentheses. */
function partsOf(list: string): string[] {
  const parts: string[] = []
  let depth = 0
  let part = ''
  for (const character of list) {
    if (character === '(') depth++
    if (character === ')') depth--
    if (character === ',' && depth === 0) {
      parts.push(part)
      part = ''
    } else part += character
  }
  return [...parts, part]
}
