/**
 * Facts: names with what they stand for, a few in a row, or a line each.
 */
import type { ComponentChildren } from 'preact'

export function Facts({ children }: { readonly children: ComponentChildren }) {
  return <dl class="facts">{children}</dl>
}

export function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** The same, a line each. */
export function FactLines({ children }: { readonly children: ComponentChildren }) {
  return <dl class="lines">{children}</dl>
}
