/**
 * The address is the state of the page: what is shown follows from it, so that a link can be sent and "back" goes back.
 */
import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'
import { Text } from './text.tsx'

const changed = 'millrace:address'

/** The address as it is now; a component that uses it is drawn again when it changes. */
export function useAddress(): URL {
  const [href, setHref] = useState(location.href)
  // From the first moment that there is a link to click.
  useLayoutEffect(() => {
    const follow = (): void => setHref(location.href)
    addEventListener('popstate', follow)
    addEventListener(changed, follow)
    return () => {
      removeEventListener('popstate', follow)
      removeEventListener(changed, follow)
    }
  }, [])
  return new URL(href)
}

export function goTo(to: string, replaces: boolean = false): void {
  if (replaces) history.replaceState(null, '', to)
  else history.pushState(null, '', to)
  dispatchEvent(new Event(changed))
}

/** The same address with other parameters; undefined, and the empty text, leave one out. */
export function withQuery(address: URL, changes: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams(address.search)
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') query.delete(name)
    else query.set(name, value)
  }
  return query.size === 0 ? address.pathname : `${address.pathname}?${query.toString()}`
}

/** Some of the parameters of an address, as the API takes them. */
export function queryOf({ searchParams }: URL, names: readonly string[]): string {
  const query = new URLSearchParams()
  for (const name of names) for (const value of searchParams.getAll(name)) query.append(name, value)
  return query.size === 0 ? '' : `?${query.toString()}`
}

/** An address of the page from its parts. */
export function pathOf(...parts: readonly string[]): string {
  return `/${parts.map(encodeURIComponent).join('/')}`
}

/** A place `PARTITION/OFFSET` as the end of an address of the API: what is none is refused, and leads nowhere. */
export function placePath(place: string): string {
  return /^\d+\/\d+$/.test(place) ? `/${place}` : pathOf(`"${place}"`, '0')
}

interface LinkProps {
  readonly to: string
  readonly children: ComponentChildren
  readonly isCurrent?: boolean | undefined
  readonly class?: string | undefined
}

/** A link that stays on the page; with a key held down it is the browser's own business. */
export function Link({ to, children, isCurrent, class: className }: LinkProps) {
  const follow = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0) return
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    goTo(to)
    scrollTo(0, 0)
  }
  return (
    <a href={to} class={className} aria-current={isCurrent === true ? 'page' : undefined} onClick={follow}>
      {children}
    </a>
  )
}

/** A link whose name is a text from the log. */
export function TextLink({ to, of }: { readonly to: string; readonly of: string }) {
  return (
    <Link to={to}>
      <Text of={of} />
    </Link>
  )
}
