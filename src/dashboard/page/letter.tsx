/**
 * One dead letter in full: what went wrong beside the record that it went wrong with, and the ways to send it again.
 */
import { useState } from 'preact/hooks'
import type { FullLetterView, SentView } from '../letter-views.ts'
import { Link, placePath } from './address.tsx'
import { Answered, useAnswer } from './answer.tsx'
import { ActButton, post, useMayChange } from './acts.tsx'
import { Fact, FactLines } from './facts.tsx'
import { Source } from './letter-source.tsx'
import { OutcomeBadge, SendingMeans, type SendingProps } from './letter-words.tsx'
import { RecordParts } from './record.tsx'
import { Text, Time } from './text.tsx'

interface FullLetterProps extends SendingProps {
  readonly path: string
  /** `PARTITION/OFFSET` */
  readonly place: string
  readonly close: string
  readonly again: unknown
  readonly acted: () => void
}

export function FullLetter(props: FullLetterProps) {
  const { path, place, close, again } = props
  const answer = useAnswer<FullLetterView>(`${path}/letters${placePath(place)}`, again)
  return (
    <div class="panel record" aria-live="polite">
      <h3>
        Letter <Text of={place} /> <Link to={close}>close</Link>
      </h3>
      <Answered answer={answer}>
        {(letter) => (
          <div class="beside">
            <div>
              <WhatHappened of={letter} />
              <WaysToSend {...props} letter={letter} />
            </div>
            <div>
              <RecordParts of={letter.record} />
            </div>
          </div>
        )}
      </Answered>
    </div>
  )
}

function WhatHappened({ of }: { readonly of: FullLetterView }) {
  const { reason, message, operator, kind, source, timestampMs, newestMs, outcome } = of
  return (
    <FactLines>
      <Fact name="reason">
        <Text of={reason} />
      </Fact>
      <Fact name="message">
        <Text of={message ?? '–'} />
      </Fact>
      <Fact name="operator">
        <Text of={operator ?? '–'} />
      </Fact>
      <Fact name="record">{source === null ? `none: a ${kind} failed` : <Source of={source} />}</Fact>
      <Fact name="event time">
        <Time ms={timestampMs} />
      </Fact>
      {newestMs !== null && (
        <Fact name="newest there">
          <Time ms={newestMs} />
        </Fact>
      )}
      <Fact name="state">
        <OutcomeBadge of={outcome} />
      </Fact>
    </FactLines>
  )
}

function WaysToSend(props: FullLetterProps & { readonly letter: FullLetterView }) {
  const { letter, path, acted } = props
  const [value, setValue] = useState(letter.editable ?? '')
  const [isNull, setNull] = useState(false)
  const mayChange = useMayChange()
  if (!mayChange || letter.outcome !== 'sent') return null
  const { partition, offset } = letter
  const send = async (body: object): Promise<string> => {
    try {
      return (await post<SentView>(`${path}/send`, body)).did
    } finally {
      acted()
    }
  }
  return (
    <>
      <p class="acts">
        <ActButton
          question="Send 1 record again?"
          effect={<SendingMeans {...props} />}
          confirm="Send again"
          run={() => send({ letters: [{ partition, offset }] })}
        >
          Send again
        </ActButton>
      </p>
      <details>
        <summary>send with another value</summary>
        <label class="edit">
          value
          <textarea
            rows={6}
            spellcheck={false}
            disabled={isNull}
            value={value}
            onInput={(event) => setValue(event.currentTarget.value)}
          />
        </label>
        <p class="acts">
          <label>
            <input type="checkbox" checked={isNull} onChange={(event) => setNull(event.currentTarget.checked)} /> null,
            which deletes the key in a table
          </label>
          <ActButton
            question="Send 1 record again, with another value?"
            effect={
              <>
                <p>The letter stays as it is, and counts as sent.</p>
                <SendingMeans {...props} />
              </>
            }
            confirm="Send with this value"
            run={() => send({ letter: { partition, offset }, value: isNull ? null : value })}
          >
            Send with this value
          </ActButton>
        </p>
      </details>
    </>
  )
}
