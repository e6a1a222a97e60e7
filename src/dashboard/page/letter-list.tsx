/**
 * Dead letters in a list: those that you choose, or all that match, are sent again.
 */
import { useState } from 'preact/hooks'
import type { LetterListView, LetterView, SentView } from '../letter-views.ts'
import { Link, queryOf, withQuery } from './address.tsx'
import { Answered, useAnswer } from './answer.tsx'
import { ActButton, post, useMayChange } from './acts.tsx'
import { Found } from './found.tsx'
import { FullLetter } from './letter.tsx'
import { Source } from './letter-source.tsx'
import { OutcomeBadge, SendingMeans, type SendingProps } from './letter-words.tsx'
import { type Column, Table } from './table.tsx'
import { count, Text, Time } from './text.tsx'
import { Line } from './topic.tsx'

interface LetterListProps extends SendingProps {
  readonly path: string
  readonly address: URL
  /** The parameters of the address that say which letters are meant. */
  readonly filters: readonly string[]
  /** How many letters that is, as far as counted. */
  readonly fitting: number
  readonly isCounted: boolean
  readonly again: unknown
  /** Something was sent. */
  readonly acted: () => void
}

function placeOf({ partition, offset }: LetterView): string {
  return `${partition}/${offset}`
}

export function LetterList(props: LetterListProps) {
  const { path, address, filters, again, acted } = props
  const answer = useAnswer<LetterListView>(`${path}/letters${queryOf(address, [...filters, 'older', 'newer'])}`, again)
  const shown = address.searchParams.get('letter')
  return (
    <>
      {shown !== null && (
        <FullLetter
          key={shown}
          path={path}
          place={shown}
          close={withQuery(address, { letter: undefined })}
          application={props.application}
          isRunning={props.isRunning}
          again={again}
          acted={acted}
        />
      )}
      <Answered answer={answer}>
        {(part) => (
          <Found what="letters" found={part.letters.length} of={part} address={address}>
            <Letters {...props} letters={part.letters} />
          </Found>
        )}
      </Answered>
    </>
  )
}

function Letters(props: LetterListProps & { readonly letters: readonly LetterView[] }) {
  const { letters, address } = props
  const mayChange = useMayChange()
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const sendable = letters.filter(({ outcome }) => outcome === 'sent')
  const meant = sendable.filter((letter) => chosen.has(placeOf(letter)))
  const choose = (places: readonly string[], isChosen: boolean): void =>
    setChosen(
      (before) => new Set(isChosen ? [...before, ...places] : [...before].filter((one) => !places.includes(one))),
    )
  const choosing: Column<LetterView> = {
    head: 'choose',
    of: (letter) => (
      <input
        type="checkbox"
        aria-label={`Choose ${placeOf(letter)}`}
        disabled={letter.outcome !== 'sent'}
        checked={letter.outcome === 'sent' && chosen.has(placeOf(letter))}
        onChange={(event) => choose([placeOf(letter)], event.currentTarget.checked)}
      />
    ),
  }
  return (
    <>
      {!mayChange && (
        <p class="about">
          This page only shows them. In a terminal, this shows what would be sent again, and with --execute sends it:{' '}
          <code>
            <Text of={`millrace dlq redrive ${props.application} --all`} />
          </code>
        </p>
      )}
      {mayChange && (
        <p class="acts">
          <button
            type="button"
            disabled={sendable.length === 0}
            onClick={() => choose(sendable.map(placeOf), meant.length < sendable.length)}
          >
            {meant.length === sendable.length && meant.length > 0 ? 'Choose none' : 'Choose all here'}
          </button>
          <SendChosen {...props} letters={meant} />
          <SendFitting {...props} />
        </p>
      )}
      <Table
        caption="Letters"
        rows={letters}
        keyOf={placeOf}
        columns={[
          ...(mayChange ? [choosing] : []),
          {
            head: 'letter',
            of: (letter) => <Link to={withQuery(address, { letter: placeOf(letter) })}>{placeOf(letter)}</Link>,
          },
          { head: 'reason', of: ({ reason }) => <Text of={reason} /> },
          { head: 'operator', isExtra: true, of: ({ operator }) => <Text of={operator ?? '–'} /> },
          { head: 'record', isExtra: true, of: ({ source }) => <Source of={source} /> },
          { head: 'time', isExtra: true, of: ({ timestampMs }) => <Time ms={timestampMs} /> },
          { head: 'key', of: ({ key }) => <Line of={key} /> },
          { head: 'value', isExtra: true, of: ({ value }) => <Line of={value} /> },
          { head: 'state', of: ({ outcome }) => <OutcomeBadge of={outcome} /> },
        ]}
      />
    </>
  )
}

function records(of: number): string {
  return of === 1 ? '1 record' : `${count(of)} records`
}

function SendChosen({ letters, ...props }: LetterListProps & { readonly letters: readonly LetterView[] }) {
  const { path, acted } = props
  const run = async (): Promise<string> => {
    const places = letters.map(({ partition, offset }) => ({ partition, offset }))
    try {
      return (await post<SentView>(`${path}/send`, { letters: places })).did
    } finally {
      acted()
    }
  }
  return (
    <ActButton
      question={`Send ${records(letters.length)} again?`}
      effect={<SendingMeans {...props} />}
      confirm="Send again"
      isDisabled={letters.length === 0}
      run={run}
    >
      Send chosen again ({count(letters.length)})
    </ActButton>
  )
}

/** Five hundred with each request, so that none takes long and the page can show how far it is. */
function SendFitting(props: LetterListProps) {
  const { path, address, filters, fitting, isCounted, acted } = props
  const many = `${count(fitting)}${isCounted ? '' : ' and more'}`
  const run = async (tell: (text: string) => void): Promise<string> => {
    const filter = filterOf(address, filters)
    let [sent, others] = [0, 0]
    let next: SentView['next'] = null
    try {
      do {
        const done: SentView = await post<SentView>(`${path}/send`, { filter, ...next })
        sent += done.sent
        others += done.alreadySent + done.noRecord + done.notRead + done.topicGone + done.gone.length
        next = done.next
        tell(`${records(sent)} sent…`)
      } while (next !== null)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new Error(`${records(sent)} sent again; then: ${why}`, { cause: error })
    } finally {
      acted()
    }
    const rest =
      others === 0 ? '' : ` ${count(others)} not sent: sent before, no longer there, or not read by the application.`
    return `${records(sent)} sent again.${rest}`
  }
  return (
    <ActButton
      question={`Send all ${many} letters that match again?`}
      effect={
        <>
          <p>All that the search finds, also on other pages of the list. Letters that were sent before are skipped.</p>
          <SendingMeans {...props} />
        </>
      }
      confirm="Send all again"
      isDisabled={fitting === 0 && isCounted}
      run={run}
    >
      Send all that match ({many})
    </ActButton>
  )
}

function filterOf({ searchParams }: URL, filters: readonly string[]): object {
  const given = filters.flatMap((name): (readonly [string, unknown])[] => {
    const all = searchParams.getAll(name)
    if (all.length === 0) return []
    if (name === 'reason' || name === 'operator') return [[name, all]]
    return [[name, name === 'topic' ? all[0] : Number(all[0])]]
  })
  return Object.fromEntries(given)
}
