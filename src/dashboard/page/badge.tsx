/**
 * A state, by a shape, a word and a colour: none of them alone.
 */
import type { VersionView } from '../views.ts'

export type Tone = 'good' | 'still' | 'warn' | 'bad'

const shapes: Readonly<Record<Tone, string>> = { good: '●', still: '○', warn: '▲', bad: '■' }

export function Badge({ tone, word }: { readonly tone: Tone; readonly word: string }) {
  return (
    <span class={`badge ${tone}`}>
      <span aria-hidden="true">{shapes[tone]}</span> {word}
    </span>
  )
}

/** What stands for a state of an application. */
export function StateBadge({
  of: { state, instance, standstill },
}: {
  readonly of: Pick<VersionView, 'state' | 'instance' | 'standstill'>
}) {
  if (standstill?.kind === 'hangs') return <Badge tone="bad" word="hung" />
  if (standstill !== null) return <Badge tone="warn" word="waiting for calls" />
  if (state === 'running') return <Badge tone="good" word="running" />
  if (state === 'fenced') return <Badge tone="warn" word="fenced" />
  return instance === null ? <Badge tone="still" word="stopped" /> : <Badge tone="bad" word="ended without close" />
}

/** A figure that is worth a second look when it is not 0. */
export function Attention({ of, text }: { readonly of: number; readonly text: string }) {
  return of === 0 ? <>{text}</> : <span class="attention">▲ {text}</span>
}
