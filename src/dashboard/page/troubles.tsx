/**
 * What needs attention, and what to do about it: in all, or of one thing.
 */
import type { Trouble } from '../views.ts'
import { Link } from './address.tsx'
import { count, Text } from './text.tsx'

/** More than this are folded away. */
const troublesShown = 8

export function Troubles({ of }: { readonly of: readonly Trouble[] }) {
  const rest = of.slice(troublesShown)
  return (
    <section class="troubles" aria-label="What needs attention">
      <p class="unseen" role="status">
        {of.length === 0 ? 'Nothing needs attention.' : `Things that need attention: ${of.length}.`}
      </p>
      <TroubleLines of={of.slice(0, troublesShown)} />
      {rest.length > 0 && (
        <details>
          <summary>{count(rest.length)} more</summary>
          <TroubleLines of={rest} />
        </details>
      )}
    </section>
  )
}

function TroubleLines({ of }: { readonly of: readonly Trouble[] }) {
  return (
    <>
      {of.map(({ level, at, what, advice }, place) => (
        // What it says changes each second, with the age in it: it has to stay the same link for a keyboard.
        <p key={place} class={`trouble ${level}`}>
          <Link to={at}>
            <span aria-hidden="true">{level === 'broken' ? '■' : '▲'}</span> <Text of={what} />
          </Link>{' '}
          <Text of={advice} />
        </p>
      ))}
    </>
  )
}
