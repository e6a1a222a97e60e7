/**
 * A topic: its records, by place, key or text, or as they come; what its partitions hold; who reads it.
 */
import type { RecordsView, RecordView, Shown, TopicDetailView, TopicView } from '../views.ts'
import { Link, pathOf, placePath, queryOf, TextLink, withQuery } from './address.tsx'
import { Answered, useAnswer } from './answer.tsx'
import { Found } from './found.tsx'
import { type Live, partOf } from './live.ts'
import { Notice } from './notice.tsx'
import { FullRecord } from './record.tsx'
import { SearchForm } from './search-form.tsx'
import { Table } from './table.tsx'
import { useTail } from './tail.ts'
import { Ago, count, lag, size, Text, Time } from './text.tsx'

interface TopicProps {
  readonly live: Live
  readonly name: string
  readonly address: URL
}

export function Topic({ live, name, address }: TopicProps) {
  const { searchParams } = address
  const isTail = searchParams.get('tail') !== null
  const path = `/api${pathOf('topics', name)}`
  const tailPath = `${path}/tail${queryOf(address, ['partition', 'key', 'text'])}`
  // Read again when something came in, but not more often than every five seconds.
  const known = partOf<TopicView>(live, `topic/${name}`)
  const again = known === undefined ? 'gone' : Math.floor((known.lastAppendMs ?? 0) / 5_000)
  const answer = useAnswer<TopicDetailView>(path, again)
  return (
    <>
      <h1>
        <Text of={name} />
      </h1>
      <Answered answer={answer}>
        {(topic) => (
          <>
            <p class="about">
              keys <Text of={topic.keySerde ?? 'unknown'} />, values <Text of={topic.valueSerde ?? 'unknown'} />
            </p>
            <section aria-labelledby="records">
              <h2 id="records">Records</h2>
              <Search key={address.search} address={address} partitions={topic.partitions.length} isTail={isTail} />
              {isTail ? (
                <Tail key={tailPath} path={path} tailPath={tailPath} address={address} />
              ) : (
                <Records path={path} address={address} />
              )}
            </section>
            <Readers of={topic} />
            <Partitions of={topic} />
            <Settings of={topic} />
          </>
        )}
      </Answered>
    </>
  )
}

interface SearchProps {
  readonly address: URL
  readonly partitions: number
  readonly isTail: boolean
}

function Search({ address, partitions, isTail }: SearchProps) {
  const numbers = Array.from({ length: partitions }, (_, at) => [String(at), String(at)] as const)
  return (
    <SearchForm
      address={address}
      fields={[
        { name: 'partition', label: 'partition', choices: [['', 'all'], ...numbers] },
        { name: 'offset', label: 'from offset', kind: 'whole' },
        { name: 'time', label: 'from time', kind: 'time' },
        { name: 'key', label: 'key' },
        { name: 'text', label: 'text' },
      ]}
    >
      <Link to={address.pathname} class="button" isCurrent={!isTail && address.search === ''}>
        Newest
      </Link>
      <Link
        to={withQuery(address, { tail: '1', offset: undefined, time: undefined, older: undefined, newer: undefined })}
        class="button"
        isCurrent={isTail}
      >
        Live
      </Link>
    </SearchForm>
  )
}

function Records({ path, address }: { readonly path: string; readonly address: URL }) {
  const query = queryOf(address, ['partition', 'offset', 'time', 'key', 'text', 'older', 'newer'])
  const answer = useAnswer<RecordsView>(`${path}/records${query}`)
  return (
    <Answered answer={answer}>
      {(part) => (
        <Found what="records" found={part.records.length} of={part} address={address}>
          <List records={part.records} path={path} address={address} />
        </Found>
      )}
    </Answered>
  )
}

interface TailProps {
  readonly path: string
  /** Begins again with each other one: give it as the key too. */
  readonly tailPath: string
  readonly address: URL
}

function Tail({ path, tailPath, address }: TailProps) {
  const { records, passedOver, state, isPaused, pause } = useTail(tailPath)
  return (
    <>
      <p class="tail">
        <button type="button" aria-pressed={isPaused} onClick={() => pause(!isPaused)}>
          {isPaused ? 'Resume' : 'Pause'}
        </button>{' '}
        <span role="status">
          {state === 'ended' ? 'The topic is gone.' : isPaused ? 'Paused.' : 'Waiting for new records.'}
          {passedOver > 0 && ` ${count(passedOver)} records came too fast to show.`}
        </span>
      </p>
      {records.length > 0 && <List records={records} path={path} address={address} />}
    </>
  )
}

interface ListProps {
  readonly records: readonly RecordView[]
  readonly path: string
  readonly address: URL
}

function List({ records, path, address }: ListProps) {
  const chosen = address.searchParams.get('record')
  return (
    <>
      {chosen !== null && (
        <FullRecord path={`${path}/records${placePath(chosen)}`} close={withQuery(address, { record: undefined })} />
      )}
      <Table
        caption="Records"
        rows={records}
        keyOf={(one) => `${one.partition}/${one.offset}`}
        columns={[
          {
            head: 'place',
            of: (one) => (
              <Link to={withQuery(address, { record: `${one.partition}/${one.offset}` })}>
                {one.partition}/{one.offset}
              </Link>
            ),
          },
          { head: 'time', of: ({ timestampMs }) => <Time ms={timestampMs} /> },
          { head: 'key', of: ({ key }) => <Line of={key} /> },
          { head: 'value', of: ({ value }) => <Line of={value} /> },
          { head: 'headers', isFigure: true, isExtra: true, of: ({ headers }) => headers },
        ]}
      />
    </>
  )
}

export function Line({ of: { text, isCut, bytes } }: { readonly of: Shown }) {
  if (text === null) return <em>null</em>
  return (
    <code class="brief" title={isCut ? size(bytes) : undefined}>
      <Text of={text} />
    </code>
  )
}

function Partitions({ of: { partitions } }: { readonly of: TopicDetailView }) {
  return (
    <section aria-labelledby="partitions">
      <h2 id="partitions">Partitions</h2>
      <Table
        caption="Partitions"
        rows={partitions}
        keyOf={({ partition }) => String(partition)}
        first={{ by: ({ newestMs }) => newestMs ?? 0, what: 'that were written to last' }}
        columns={[
          { head: 'partition', isFigure: true, of: ({ partition }) => partition },
          { head: 'start', isFigure: true, of: ({ start }) => count(start) },
          { head: 'end', isFigure: true, of: ({ end }) => count(end) },
          { head: 'size', isFigure: true, of: ({ bytes }) => size(bytes) },
          { head: 'newest', isExtra: true, of: ({ newestMs }) => <Ago ms={newestMs} /> },
        ]}
      />
    </section>
  )
}

function Readers({ of: { readers } }: { readonly of: TopicDetailView }) {
  return (
    <section aria-labelledby="readers">
      <h2 id="readers">Readers</h2>
      {readers.length === 0 ? (
        <Notice kind="empty">No group or application has a position in it.</Notice>
      ) : (
        <Table
          caption="Readers"
          rows={readers}
          keyOf={({ kind, name }) => `${kind} ${name}`}
          columns={[
            {
              head: 'reader',
              of: ({ name }) => <TextLink to={pathOf('groups', name)} of={name} />,
            },
            { head: 'kind', of: ({ kind }) => kind },
            { head: 'lag', isFigure: true, of: (one) => lag(one.lag, one.lagMs) },
          ]}
        />
      )}
    </section>
  )
}

function Settings({ of: { settings } }: { readonly of: TopicDetailView }) {
  return (
    <details>
      <summary>Settings</summary>
      <Table
        caption="Settings"
        rows={settings}
        keyOf={({ name }) => name}
        columns={[
          { head: 'setting', of: ({ name }) => name },
          { head: 'value', of: ({ value }) => <Text of={value} /> },
          { head: '', of: ({ isDefault }) => (isDefault ? 'default' : 'set') },
        ]}
      />
    </details>
  )
}
