/**
 * How a version compares with the live one: made when it is asked for, with what differs as rows.
 */
import type {
  ComparedPartView,
  EndedComparison,
  ReplayView,
  RunningComparison,
  SampleView,
  SideView,
} from '../replay-views.ts'
import type { VersionView } from '../views.ts'
import { pathOf } from './address.tsx'
import { Answered } from './answer.tsx'
import { Attention, Badge } from './badge.tsx'
import { useComparison } from './comparing.ts'
import { Notice } from './notice.tsx'
import { Table } from './table.tsx'
import { Ago, count, duration, Text, Time } from './text.tsx'

interface ComparisonProps {
  readonly version: VersionView
  readonly replay: ReplayView
  /** Whether the dashboard answers: what it said before is asked for again when it does. */
  readonly isLive: boolean
}

export function Comparison({ version: { applicationId, version }, replay, isLive }: ComparisonProps) {
  const { answer, begin, cancel } = useComparison(`/api${pathOf('replays', applicationId, version)}/comparison`, isLive)
  return (
    <div>
      <h3>Comparison with the live version</h3>
      <Answered answer={answer}>
        {({ running, last }) => (
          <>
            {running === null ? (
              <p class="acts">
                <button type="button" onClick={begin}>
                  {last === null ? 'Compare' : 'Compare again'}
                </button>{' '}
                {replay.lag > 0 && (
                  <span class="about">
                    {count(replay.lag)} records to read first: a comparison waits up to 30 seconds for them.
                  </span>
                )}
              </p>
            ) : (
              <p class="acts">
                <button type="button" onClick={cancel}>
                  Cancel
                </button>{' '}
                <Running of={running} />
              </p>
            )}
            {last !== null && <Ended of={last} id={version} />}
            {last === null && running === null && <Notice kind="empty">They have not been compared yet.</Notice>}
          </>
        )}
      </Answered>
    </div>
  )
}

function Running({ of: { isWaiting, part, name, done, total, rows } }: { readonly of: RunningComparison }) {
  if (isWaiting) return <>Waiting for another comparison to end…</>
  return (
    <>
      <progress max={Math.max(1, total)} value={done} aria-label="stores and topics compared" /> {part}{' '}
      <Text of={name} />, {done + 1} of {total}
      {rows === 0 ? '' : `, ${count(rows)} rows`}
    </>
  )
}

function Ended({ of: last, id }: { readonly of: EndedComparison; readonly id: string }) {
  if (last.state === 'failed') {
    return (
      <Notice kind="broken">
        <Text of={last.message} /> (<Ago ms={last.atMs} />)
      </Notice>
    )
  }
  const differs = last.parts.some(({ onlyHere, onlyLive, different }) => onlyHere + onlyLive + different > 0)
  return (
    <>
      <p role="status">
        {last.isEqual ? (
          <Badge tone="good" word="no difference" />
        ) : (
          <Badge tone="warn" word={differs ? 'they differ' : 'not all could be compared'} />
        )}{' '}
        <small>
          with <Text of={last.live} />, <Ago ms={last.atMs} />, in {duration(last.tookMs)}
        </small>
      </p>
      <Table
        caption={`How ${id} compares`}
        rows={last.parts}
        keyOf={({ kind, name }) => `${kind} ${name}`}
        columns={[
          {
            head: 'what',
            of: ({ kind, name, incomparable, note }) => (
              <>
                {kind} <Text of={name} />
                {incomparable !== null && (
                  <small>
                    {' '}
                    cannot be compared: <Text of={incomparable} />
                  </small>
                )}
                {note !== null && (
                  <small>
                    {' '}
                    <Text of={note} />
                  </small>
                )}
              </>
            ),
          },
          { head: 'equal', isFigure: true, of: (one) => figure(one, one.equal) },
          { head: `only ${id}`, isFigure: true, of: (one) => differing(one, one.onlyHere) },
          { head: `only ${last.live}`, isFigure: true, of: (one) => differing(one, one.onlyLive) },
          { head: 'different', isFigure: true, of: (one) => differing(one, one.different) },
        ]}
      />
      {last.parts
        .filter(({ samples }) => samples.length > 0)
        .map((part) => (
          <Samples key={`${part.kind} ${part.name}`} of={part} id={id} live={last.live} />
        ))}
    </>
  )
}

function figure({ incomparable }: ComparedPartView, of: number): string {
  return incomparable === null ? count(of) : '–'
}

function differing(part: ComparedPartView, of: number) {
  return <Attention of={of} text={figure(part, of)} />
}

function Samples({
  of: part,
  id,
  live,
}: {
  readonly of: ComparedPartView
  readonly id: string
  readonly live: string
}) {
  const { kind, name, samples, onlyHere, onlyLive, different } = part
  const hasWindows = samples.some(({ window }) => window !== null)
  const windows = [
    { head: 'from', of: ({ window }: SampleView) => <Time ms={window?.startMs ?? null} /> },
    { head: 'to', isExtra: true, of: ({ window }: SampleView) => <Time ms={window?.endMs ?? null} /> },
  ]
  const all = onlyHere + onlyLive + different
  return (
    <>
      <h4>
        Differences in {kind} <Text of={name} />{' '}
        {samples.length < all && <small>the first {`${samples.length} of ${count(all)}`}</small>}
      </h4>
      <Table
        caption={`Differences of ${id} in ${kind} ${name}`}
        rows={samples.map((sample, at) => ({ ...sample, at }))}
        keyOf={({ at }) => String(at)}
        columns={[
          {
            head: 'key',
            of: ({ key, place }) => (
              <code>
                <Text of={key} />
                {place !== null && ` (record ${place.index} of partition ${place.partition})`}
              </code>
            ),
          },
          ...(hasWindows ? windows : []),
          { head: id, of: (sample) => <Side of={sample.here} other={sample.live} /> },
          { head: live, of: (sample) => <Side of={sample.live} other={sample.here} /> },
        ]}
      />
    </>
  )
}

/** The times are shown where nothing else differs. */
function Side({ of: side, other }: { readonly of: SideView | null; readonly other: SideView | null }) {
  if (side === null) return <small>nothing</small>
  const isSame = other !== null && other.value === side.value && other.headers === side.headers
  return (
    <>
      <code>
        <Text of={side.value} />
      </code>
      {side.headers !== '' && (
        <small>
          headers <Text of={side.headers} />
        </small>
      )}
      {isSame && (
        <small>
          at <Time ms={side.timestampMs} />
        </small>
      )}
    </>
  )
}
