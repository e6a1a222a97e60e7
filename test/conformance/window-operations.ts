// Windows of a case, and the operation that cuts a grouped stream into them.
import { type KGroupedStream, SessionWindows, TimeWindows } from 'millrace'
import type { Builder, WindowedNode } from './built.ts'
import { CaseError } from './fields.ts'
import type { CaseNode, WindowFields } from './operations.ts'
import type { Key, Value, WindowedType } from './vocabulary.ts'

type Grouped = KGroupedStream<Key, Value, never>

function windowed(
  grouped: Grouped,
  emit: CaseNode['emit'],
  { type, sizeMs: size = Number.NaN, advanceMs, gapMs: gap = Number.NaN, graceMs: grace }: WindowFields,
  where: string,
): WindowedType & Pick<WindowedNode, 'windowed'> {
  switch (type) {
    case 'tumbling':
    case 'hopping': {
      const made = grouped.windowedBy(TimeWindows.of({ size, advance: advanceMs, grace }))
      return { windowMs: size, windowed: emit === undefined ? made : made.emitStrategy(emit) }
    }
    case 'session': {
      const made = grouped.windowedBy(SessionWindows.of({ gap, grace }))
      return { windowMs: 'session', windowed: emit === undefined ? made : made.emitStrategy(emit) }
    }
    default:
      throw new CaseError(`${where}: ${type} windows have no builder`)
  }
}

export const windowOperations = {
  windowedBy(made, node: CaseNode) {
    const input = made.inputKind(node) === 'cogrouped' ? made.input(node, 'cogrouped') : made.input(node, 'grouped')
    const { key, value } = input
    const isCogrouped = input.kind === 'cogrouped'
    // What is cogrouped takes the same windows; only its aggregate differs.
    const grouped = input.kind === 'grouped' ? input.grouped : (input.cogrouped as unknown as Grouped)
    const { window, emit, where } = node
    if (window === undefined) throw new CaseError(`${where}: has no window`)
    return { kind: 'windowed', isCogrouped, ...windowed(grouped, emit, window, where), key, value }
  },
} as const satisfies Readonly<Record<string, Builder>>
