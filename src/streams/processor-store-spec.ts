/**
 * The stores that processors name: made of what their constants say, or those of tables and aggregations.
 */
import { days } from '../core/duration.ts'
import { type ErrorCode, MillraceError } from '../core/errors.ts'
import { type Codec, codecOf, type Serde } from '../core/serde.ts'
import { rowCodecOf } from '../core/with-headers.ts'
import { sessionForm, SizedForm } from '../core/windows/window-form.ts'
import type { StoreSpec } from '../plan/store.ts'
import { keyLayout, segmentLayout } from '../plan/store-layout.ts'
import { type ErasedStore, kindOf } from './store-spec.ts'
import { versionStores } from './versions.ts'

/**
 * @param id of the first node that names it
 * @throws MillraceError `topology_invalid` for a constant of a window store that does not say how long a window is
 */
export function processorStoreSpecs(id: string, constant: ErasedStore): readonly StoreSpec[] {
  const { historyMs } = constant
  if (historyMs === undefined) return [oneStoreSpec(id, constant)]
  const keyCodec: Codec<unknown> = codecOf(constant.key as Serde<unknown>)
  const specs = versionStores(id, constant, historyMs, keyCodec, rowCodecOf(constant))
  return specs.map((spec) => Object.freeze({ ...spec, isOfProcessors: true }))
}

function oneStoreSpec(id: string, constant: ErasedStore): StoreSpec {
  const { kind, name, size, retentionMs } = constant
  const keyCodec: Codec<unknown> = codecOf(constant.key as Serde<unknown>)
  const made = { name, keyCodec, valueCodec: rowCodecOf(constant), kind: kindOf[kind], isOfProcessors: true }
  if (kind === 'keyValueStore') {
    return Object.freeze({ ...made, layout: keyLayout({ isOrdered: true }), form: undefined, facts: {} })
  }
  if (kind === 'sessionStore') {
    const layout = segmentLayout(retentionMs ?? days(1), { isNumbered: true })
    return Object.freeze({ ...made, layout, form: sessionForm, facts: { windows: sessionForm.name } })
  }
  if (size === undefined) {
    throw new MillraceError(
      'topology_invalid',
      `${id} keeps windows in store "${name}", whose constant does not say how long they are: windowStore("${name}", { …, size })`,
      { store: name, operator: id },
    )
  }
  const form = new SizedForm(size)
  // The starts of its windows lie wherever the processor likes, on no grid.
  const layout = segmentLayout(retentionMs ?? Math.max(days(1), size))
  return Object.freeze({ ...made, layout, form, facts: { windows: form.name } })
}

/** @throws MillraceError with this code, for a constant of another kind or other serdes than the store's */
export function checkSameStore(code: ErrorCode, operator: string, constant: ErasedStore, spec: StoreSpec): void {
  const place = { store: spec.name, operator }
  const refused = (message: string): MillraceError => new MillraceError(code, message, place)
  if (kindOf[constant.kind] !== spec.kind) {
    throw refused(`${operator} takes "${spec.name}" for a ${constant.kind}, but it is a ${spec.kind} store`)
  }
  for (const [what, given, codec] of [
    ['keys', codecOf(constant.key as Serde<unknown>), spec.keyCodec],
    ['values', rowCodecOf(constant), spec.valueCodec],
  ] as const) {
    if (given.format === codec.format) continue
    throw refused(`the ${what} of store "${spec.name}" are ${codec.name}, but ${operator} takes them for ${given.name}`)
  }
}
