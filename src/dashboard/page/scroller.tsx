/**
 * Content that may be too wide: it scrolls by itself, never the page, and a shade shows on which side there is more.
 */
import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'

interface ScrollerProps {
  /** What is in it. */
  readonly label: string
  readonly class?: string | undefined
  readonly onKeyDown?: ((event: KeyboardEvent) => void) | undefined
  readonly children: ComponentChildren
}

export function Scroller({ label, class: className = '', onKeyDown, children }: ScrollerProps) {
  const scroller = useRef<HTMLDivElement>(null)
  const [hidden, setHidden] = useState('')
  // Before anyone sees it: a keyboard that comes at once can scroll it too.
  useLayoutEffect(() => {
    const element = scroller.current
    if (element === null) return undefined
    const look = (): void => setHidden(hiddenSidesOf(element))
    look()
    const observer = new ResizeObserver(look)
    for (const one of [element, ...element.children]) observer.observe(one)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [])
  return (
    <div class={`frame ${hidden}`}>
      <div
        class={`scrolls ${className}`}
        ref={scroller}
        role="region"
        aria-label={label}
        tabIndex={hidden === '' ? undefined : 0} // a keyboard can only scroll what it can reach
        onKeyDown={onKeyDown}
      >
        {children}
      </div>
    </div>
  )
}

/** The classes for the sides on which something is out of sight. */
function hiddenSidesOf({ scrollLeft, scrollWidth, clientWidth }: Element): string {
  const left = scrollLeft > 1 ? 'more-left' : ''
  return scrollLeft + clientWidth < scrollWidth - 1 ? `${left} more-right` : left
}
