/**
 * Where the record of a dead letter was read, as a link to it.
 */
import type { LetterView } from '../letter-views.ts'
import { Link, pathOf } from './address.tsx'
import { Text } from './text.tsx'

export function Source({ of }: { readonly of: LetterView['source'] }) {
  if (of === null) return <>–</>
  const { topic, partition, offset } = of
  return (
    <Link to={`${pathOf('topics', topic)}?partition=${partition}&offset=${offset}&record=${partition}/${offset}`}>
      <Text of={topic} />/{partition} @ {offset}
    </Link>
  )
}
