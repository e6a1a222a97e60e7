// Windows of a case, and the operation that cuts a grouped stream into them.
import { type KGroupedStream, SessionWindows, SlidingWindows, TimeWindows, UnlimitedWindows } from 'millrace'
import type { Builder, WindowedNode } from './built.ts'
import { CaseError } from './fields.ts'
import type { CaseNode, WindowFields } from './operations.ts'
import type { Key, Value, WindowedType } from './vocabulary.ts'

type Grouped = KGroupedStream<Key, Value, never>

function windowed(
  grouped: Grouped,
  emit: CaseNode['emit'],
  {
    type,
    sizeMs: size = Number.NaN,
    advanceMs,
    gapMs: gap = Number.NaN,
    diffMs: difference = Number.NaN,
    startMs,
    graceMs: grace,
  }: WindowFields,
): WindowedType & Pick<WindowedNode, 'windowed'> {
  switch (type) {
    case 'tumbling':
    case 'hopping': {
      const made = grouped.windowedBy(TimeWindows.of({ size, advance: advanceMs, grace }))
      return { windowMs: size, windowed: emit === undefined ? made : made.emitStrategy(emit) }
    }
    case 'sliding': {
      const made = grouped.windowedBy(SlidingWindows.of({ difference, grace }))
      return { windowMs: difference, windowed: emit === undefined ? made : made.emitStrategy(emit) }
    }
    case 'session': {
      const made = grouped.windowedBy(SessionWindows.of({ gap, grace }))
      return { windowMs: 'session', windowed: emit === undefined ? made : made.emitStrategy(emit) }
    }
    case 'unlimited': {
      const made = grouped.windowedBy(UnlimitedWindows.of({ start: startMs }))
      return { windowMs: Number.MAX_SAFE_INTEGER, windowed: emit === undefined ? made : made.emitStrategy(emit) }
    }
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
    return { kind: 'windowed', isCogrouped, ...windowed(grouped, emit, window), key, value }
  },
} as const satisfies Readonly<Record<string, Builder>>
