/**
 * What became of a letter, by word and shape; and what sending it again means, for the one who is asked.
 */
import type { LetterOutcome } from '../letter-views.ts'
import { Badge, type Tone } from './badge.tsx'
import { Text } from './text.tsx'

const states: Readonly<Record<LetterOutcome, readonly [Tone, string]>> = {
  sent: ['still', 'not sent again'],
  alreadySent: ['good', 'sent again'],
  noRecord: ['warn', 'no record: a job failed'],
  notRead: ['warn', 'topic no longer read'],
  topicGone: ['warn', 'topic gone'],
  gone: ['warn', 'deleted'],
}

export function OutcomeBadge({ of }: { readonly of: LetterOutcome }) {
  const [tone, word] = states[of]
  return <Badge tone={tone} word={word} />
}

export interface SendingProps {
  readonly application: string
  readonly isRunning: boolean
}

/** The same for one letter and for many. */
export function SendingMeans({ application, isRunning }: SendingProps) {
  return (
    <>
      <p>
        Only <Text of={application} /> reads it again: {isRunning ? 'at once, because it runs' : 'when it next starts'}.
        No other reader of the topic does.
      </p>
      <p>Each letter is sent once, ever. What fails again becomes a new letter; an old record may be late again.</p>
    </>
  )
}
