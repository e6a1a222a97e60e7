/**
 * Rows of a store: by key, by range, and by time where it has windows; live, until they are paused.
 */
import { useState } from 'preact/hooks'
import type { RowsView, StoreView, VersionView } from '../views.ts'
import { Link, pathOf, TextLink, withQuery } from './address.tsx'
import { Answered, useAnswer } from './answer.tsx'
import { Changes } from './store-changes.tsx'
import { Notice } from './notice.tsx'
import { RowsTable } from './rows.tsx'
import { type Field, SearchForm } from './search-form.tsx'
import { count, size, Text } from './text.tsx'
import { Timeline } from './timeline.tsx'

interface StoreProps {
  readonly application: string
  readonly name: string
  /** The live version: its rows are shown. */
  readonly version: VersionView | undefined
  readonly address: URL
}

/** What was shown, and stays: an answer that was under way comes after the button was pressed. */
interface Paused {
  readonly path: string
  readonly rows: RowsView
  readonly atMs: number | null
}

const asked = ['key', 'from', 'to', 'prefix', 'fromTime', 'toTime', 'asOf', 'skip']

export function Store({ application, name, version, address }: StoreProps) {
  const stores = useAnswer<readonly StoreView[]>(
    version && `/api${pathOf('applications', application, version.version)}/stores`,
  )
  const [paused, setPaused] = useState<Paused>()
  const lastCommitMs = version?.lastCommitMs ?? null
  const found = stores.state === 'ready' ? stores.value.find((one) => one.name === name) : undefined
  const hasTimes = found?.kind === 'window' || found?.kind === 'session'
  const query = new URLSearchParams()
  for (const one of asked) {
    const value = address.searchParams.get(one)
    if (value !== null) query.set(one, value)
  }
  if (hasTimes && address.searchParams.get('order') !== 'oldest') query.set('newest', '1')
  const mustAsk = found?.kind === 'versioned' && !query.has('key')
  // What it is decides how it is asked; where that cannot be had, the answer says why.
  const isReady = !mustAsk && (version === undefined || stores.state !== 'loading')
  const path = `/api${pathOf('stores', application, name)}?${query.toString()}`
  const rows = useAnswer<RowsView>(isReady ? path : undefined, paused === undefined ? lastCommitMs : paused.atMs)
  return (
    <>
      <h1>
        <Text of={name} /> <small>store of</small>{' '}
        <TextLink to={pathOf('applications', application)} of={application} />
      </h1>
      {found !== undefined && (
        <>
          <p class="about">
            {found.kind}, {count(found.rows)} rows, about {size(found.bytes)}; keys <Text of={found.key} />, values{' '}
            <Text of={found.value} />
          </p>
          <Search key={address.search} kind={found.kind} address={address} />
        </>
      )}
      {mustAsk ? (
        <Notice kind="empty">This store keeps versions: search for a key.</Notice>
      ) : (
        <Answered answer={rows}>
          {(latest) => {
            const isPaused = paused !== undefined
            const shown = paused?.path === path ? paused.rows : latest
            return (
              <>
                <p class="tail">
                  <button
                    type="button"
                    aria-pressed={isPaused}
                    onClick={() => setPaused(isPaused ? undefined : { path, rows: latest, atMs: lastCommitMs })}
                  >
                    {isPaused ? 'Resume' : 'Pause'}
                  </button>{' '}
                  <span role="status">
                    {isPaused ? 'Paused.' : 'Live: read again after a commit, at most once a second.'}
                  </span>
                </p>
                <Timeline rows={shown.rows} address={address} />
                <RowsTable of={shown.rows} />
                <Pager of={shown} address={address} />
                <Changes key={path} of={shown} />
              </>
            )
          }}
        </Answered>
      )}
    </>
  )
}

function Search({ kind, address }: { readonly kind: string; readonly address: URL }) {
  return (
    <SearchForm address={address} fields={fieldsOf(kind)}>
      <Link to={address.pathname} class="button" isCurrent={address.search === ''}>
        All
      </Link>
    </SearchForm>
  )
}

const keyField: Field = { name: 'key', label: 'key' }
const orders = [
  ['', 'newest first'],
  ['oldest', 'oldest first'],
] as const

function fieldsOf(kind: string): readonly Field[] {
  switch (kind) {
    case 'keyValue':
      return [
        keyField,
        { name: 'from', label: 'from key' },
        { name: 'to', label: 'to key' },
        { name: 'prefix', label: 'prefix' },
      ]
    case 'window':
    case 'session':
      return [
        keyField,
        { name: 'fromTime', label: 'from time', kind: 'time' },
        { name: 'toTime', label: 'to time', kind: 'time' },
        { name: 'order', label: 'order', choices: orders },
      ]
    default:
      return [keyField, { name: 'asOf', label: 'as of time', kind: 'time' }]
  }
}

function Pager({ of: { next, isCutShort }, address }: { readonly of: RowsView; readonly address: URL }) {
  return (
    <p class="pager">
      {next !== null && <Link to={withQuery(address, next)}>go on →</Link>}
      {isCutShort && next === null && 'There are more rows: narrow the search by key or time.'}
    </p>
  )
}
