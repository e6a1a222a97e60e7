/**
 * All verbs, in the order of the help: a line each. Each file is loaded when its verb is run.
 */
import type { VerbEntry } from './verb.ts'

const entry = (name: string, summary: string, load: VerbEntry['load']): VerbEntry => ({ name, summary, load })

// prettier-ignore
export const verbs: readonly VerbEntry[] = [
  entry('topic list', 'Lists the topics', () => import('./verbs/topic-list.ts')),
  entry('topic create', 'Creates a topic', () => import('./verbs/topic-create.ts')),
]
