/**
 * What applications passed over: how often for which reason, and the letters themselves.
 */
import { useState } from 'preact/hooks'
import type { LettersView, ReasonsView } from '../letter-views.ts'
import type { HistoryView } from '../views.ts'
import { Link, pathOf, queryOf, TextLink, withQuery } from './address.tsx'
import { Answered, useAnswer } from './answer.tsx'
import { liveVersionOf } from './application.tsx'
import { Bars } from './bars.tsx'
import { useCalm } from './calm.ts'
import { LetterList } from './letter-list.tsx'
import { type Live, partOf, partsOf } from './live.ts'
import { Notice } from './notice.tsx'
import { SearchForm } from './search-form.tsx'
import { Spark } from './spark.tsx'
import { Table } from './table.tsx'
import { Ago, count, Text, Time } from './text.tsx'

export function AllDeadLetters({ live }: { readonly live: Live }) {
  const all = partsOf<LettersView>(live, 'letters')
  return (
    <>
      <h1>Dead letters</h1>
      {all.length === 0 ? (
        <Notice kind="empty">
          No application has written a dead letter yet. With onError: 'deadLetter', a record that fails becomes one.
        </Notice>
      ) : (
        <Table
          caption="Dead letters"
          rows={all}
          keyOf={({ applicationId }) => applicationId}
          columns={[
            {
              head: 'application',
              of: ({ applicationId }) => <TextLink to={pathOf('dead-letters', applicationId)} of={applicationId} />,
            },
            { head: 'letters', isFigure: true, of: ({ letters }) => count(letters) },
            {
              head: 'last 15 min',
              isExtra: true,
              of: ({ topic }) => (
                <Spark of={partOf<HistoryView>(live, `history/topic/${topic}`)?.series.rate} what="letters a second" />
              ),
            },
            { head: 'last letter', of: ({ lastMs }) => <Ago ms={lastMs} /> },
          ]}
        />
      )}
    </>
  )
}

interface DeadLettersProps {
  readonly live: Live
  readonly application: string
  readonly address: URL
}

/** The parameters that say which letters are meant. */
const filters = ['reason', 'operator', 'topic', 'from', 'to']

export function DeadLetters({ live, application, address }: DeadLettersProps) {
  const known = partOf<LettersView>(live, `letters/${application}`)
  const [acts, setActs] = useState(0)
  // Read again when a letter came, and when something was sent.
  const again = `${useCalm(`${known?.letters} ${known?.lastMs}`)} ${acts}`
  const path = `/api${pathOf('dead-letters', application)}`
  const answer = useAnswer<ReasonsView>(`${path}/reasons${queryOf(address, ['topic', 'from', 'to'])}`, again)
  return (
    <>
      <h1>
        Dead letters <small>of</small> <TextLink to={pathOf('applications', application)} of={application} />
      </h1>
      <Answered answer={answer}>
        {(reasons) =>
          known === undefined && reasons.letters === 0 ? (
            <Notice kind="empty">
              This application has written no dead letter. With onError: 'deadLetter', a record that fails becomes one.
            </Notice>
          ) : (
            <>
              <p class="about">
                <span role="status">
                  {count(known?.letters ?? 0)} {known?.letters === 1 ? 'letter' : 'letters'}
                </span>{' '}
                in <TextLink to={pathOf('topics', known?.topic ?? '')} of={known?.topic ?? ''} />
              </p>
              <Reasons of={reasons} address={address} />
              <section aria-labelledby="letters">
                <h2 id="letters">Letters</h2>
                <Search key={address.search} address={address} />
                <LetterList
                  key={queryOf(address, filters)}
                  path={path}
                  application={application}
                  isRunning={liveVersionOf(live, application)?.state === 'running'}
                  address={address}
                  filters={filters}
                  fitting={fittingOf(reasons, address)}
                  isCounted={!reasons.isCutShort && reasons.leftOut.reasons === 0}
                  again={again}
                  acted={() => setActs((before) => before + 1)}
                />
              </section>
            </>
          )
        }
      </Answered>
    </>
  )
}

/** How many letters the address means. */
function fittingOf({ reasons }: ReasonsView, { searchParams }: URL): number {
  const [wanted, operators] = [searchParams.getAll('reason'), searchParams.getAll('operator')]
  const fits = ({ reason, operator }: ReasonsView['reasons'][number]): boolean =>
    (wanted.length === 0 || wanted.includes(reason)) && (operators.length === 0 || operators.includes(operator ?? ''))
  return reasons.filter(fits).reduce((sum, { letters }) => sum + letters, 0)
}

function Reasons({ of, address }: { readonly of: ReasonsView; readonly address: URL }) {
  const { reasons, leftOut, fromMs, toMs, letters, isCutShort } = of
  if (reasons.length === 0) return null
  const fresh = { older: undefined, newer: undefined, letter: undefined }
  return (
    <section aria-labelledby="reasons">
      <h2 id="reasons">
        Reasons{' '}
        <small>
          by event time, <Time ms={fromMs} /> to <Time ms={toMs} />
        </small>
      </h2>
      {isCutShort && <Notice kind="empty">{`Only the newest ${count(letters)} letters are counted.`}</Notice>}
      {leftOut.reasons > 0 && (
        <Notice kind="empty">
          {`These are the most frequent. ${count(leftOut.reasons)} other reasons have ${count(leftOut.letters)} letters: narrow the search to see them.`}
        </Notice>
      )}
      <Table
        caption="Reasons"
        rows={reasons}
        keyOf={({ reason, operator }) => `${reason} ${operator ?? ''}`}
        columns={[
          {
            head: 'reason',
            of: ({ reason, operator }) => (
              <TextLink to={withQuery(address, { ...fresh, reason, operator: operator ?? undefined })} of={reason} />
            ),
          },
          { head: 'operator', of: ({ operator }) => <Text of={operator ?? '–'} /> },
          { head: 'letters', isFigure: true, of: (one) => count(one.letters) },
          { head: 'over time', of: ({ times, reason }) => <Bars of={times} what={`${reason} by event time`} /> },
          { head: 'newest', isExtra: true, of: ({ newestMs }) => <Time ms={newestMs} /> },
        ]}
      />
    </section>
  )
}

function Search({ address }: { readonly address: URL }) {
  return (
    <SearchForm
      address={address}
      fields={[
        { name: 'reason', label: 'reason' },
        { name: 'operator', label: 'operator' },
        { name: 'topic', label: 'topic' },
        { name: 'from', label: 'from time', kind: 'time' },
        { name: 'to', label: 'to time', kind: 'time' },
      ]}
    >
      <Link to={address.pathname} class="button" isCurrent={address.search === ''}>
        Newest
      </Link>
    </SearchForm>
  )
}
