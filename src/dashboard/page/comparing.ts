/**
 * A comparison for a view: each is followed once for the whole page.
 */
import { useEffect, useState } from 'preact/hooks'
import type { ComparisonView } from '../replay-views.ts'
import { type Answer, ask } from './asking.ts'
import { after } from './browser-clock.ts'
import { FollowedComparison, type Means } from './followed-comparison.ts'

const followed = new Map<string, FollowedComparison>()

export interface Comparing {
  readonly answer: Answer<ComparisonView>
  readonly begin: () => void
  readonly cancel: () => void
}

/**
 * @param path of the comparison in the API
 * @param again looks again when it changes
 */
export function useComparison(path: string, again: unknown): Comparing {
  const [heard, setHeard] = useState<{ readonly path: string; readonly answer: Answer<ComparisonView> }>()
  useEffect(() => followedAt(path).watch((answer) => setHeard({ path, answer })), [path, again])
  const answer: Answer<ComparisonView> = heard?.path === path ? heard.answer : { state: 'loading' }
  return { answer, begin: () => followedAt(path).begin(), cancel: () => followedAt(path).cancel() }
}

function followedAt(path: string): FollowedComparison {
  const known = followed.get(path) ?? new FollowedComparison(path, means)
  followed.set(path, known)
  return known
}

const means: Means = {
  ask,
  listen(path, heard, lost) {
    const source = new EventSource(path)
    source.addEventListener('comparison', (event) => heard(JSON.parse(String(event.data)) as ComparisonView))
    // It would connect again by itself: whether there is still something to follow has to be asked first.
    source.addEventListener('error', lost)
    return () => source.close()
  },
  after,
}
