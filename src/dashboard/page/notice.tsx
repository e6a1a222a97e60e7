/**
 * What a view says instead of data: that there is none yet, that it is on its way, that it is gone, or what went wrong.
 */
import type { ComponentChildren } from 'preact'
import { Text } from './text.tsx'

interface NoticeProps {
  readonly kind: 'empty' | 'loading' | 'gone' | 'broken'
  readonly children: ComponentChildren
}

export function Notice({ kind, children }: NoticeProps) {
  return (
    <p class={`notice ${kind}`} role={kind === 'broken' ? 'alert' : 'status'}>
      {[children].flat().map((child) => (typeof child === 'string' ? <Text of={child} /> : child))}
    </p>
  )
}
