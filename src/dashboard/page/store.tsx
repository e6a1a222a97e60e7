/**
 * Rows of a store: by key, by range, and by time where it has windows.
 */
import type { RowsView, StoreView, VersionView } from '../views.ts'
import { goTo, Link, pathOf, withQuery } from './address.tsx'
import { Answered, useAnswer } from './answer.tsx'
import { textIn } from './form-text.ts'
import { Notice } from './notice.tsx'
import { Table } from './table.tsx'
import { count, size, Text, Time } from './text.tsx'

interface StoreProps {
  readonly application: string
  readonly name: string
  /** The live version: its rows are shown. */
  readonly version: VersionView | undefined
  readonly address: URL
}

const asked = ['key', 'from', 'to', 'prefix', 'fromTime', 'toTime', 'asOf']

export function Store({ application, name, version, address }: StoreProps) {
  const stores = useAnswer<readonly StoreView[]>(
    version && `/api${pathOf('applications', application, version.version)}/stores`,
  )
  const kind = stores.state === 'ready' ? stores.value.find((one) => one.name === name) : undefined
  const query = new URLSearchParams()
  for (const one of asked) {
    const value = address.searchParams.get(one)
    if (value !== null) query.set(one, value)
  }
  const mustAsk = kind?.kind === 'versioned' && !query.has('key')
  const path = `/api${pathOf('stores', application, name)}?${query.toString()}`
  const rows = useAnswer<RowsView>(mustAsk ? undefined : path, version?.lastCommitMs)
  return (
    <>
      <h1>
        <Text of={name} /> <small>store of</small>{' '}
        <Link to={pathOf('applications', application)}>
          <Text of={application} />
        </Link>
      </h1>
      {kind !== undefined && (
        <p class="about">
          {kind.kind}, {count(kind.rows)} rows, about {size(kind.bytes)}; keys <Text of={kind.key} />, values{' '}
          <Text of={kind.value} />
        </p>
      )}
      {kind !== undefined && <Search key={address.search} kind={kind.kind} address={address} />}
      {mustAsk ? (
        <Notice kind="empty">This store keeps versions: search for a key.</Notice>
      ) : (
        <Answered answer={rows}>{(found) => <Rows of={found} address={address} />}</Answered>
      )}
    </>
  )
}

function Search({ kind, address }: { readonly kind: string; readonly address: URL }) {
  const hasTimes = kind === 'window' || kind === 'session'
  const fields: readonly (readonly [string, string])[] =
    kind === 'keyValue'
      ? [
          ['key', 'key'],
          ['from', 'from key'],
          ['to', 'to key'],
          ['prefix', 'prefix'],
        ]
      : hasTimes
        ? [
            ['key', 'key'],
            ['fromTime', 'from, ms'],
            ['toTime', 'to, ms'],
          ]
        : [
            ['key', 'key'],
            ['asOf', 'as of, ms'],
          ]
  const search = (event: SubmitEvent): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const changes = Object.fromEntries(fields.map(([name]) => [name, textIn(form, name)]))
    goTo(withQuery(new URL(address.pathname, address), changes))
  }
  return (
    <form class="search" onSubmit={search}>
      {fields.map(([name, label]) => (
        <label key={name}>
          {label}
          <input name={name} size={14} defaultValue={address.searchParams.get(name) ?? ''} />
        </label>
      ))}
      <button type="submit">Search</button>
      <Link to={address.pathname} class="button" isCurrent={address.search === ''}>
        All
      </Link>
    </form>
  )
}

function Rows({ of: { rows, next, isCutShort }, address }: { readonly of: RowsView; readonly address: URL }) {
  if (rows.length === 0) return <Notice kind="empty">No rows here.</Notice>
  const hasWindows = rows.some(({ window }) => window !== null)
  return (
    <>
      <Table
        caption="Rows"
        rows={rows}
        keyOf={({ key, window }) => `${key} ${window?.startMs ?? ''} ${window?.endMs ?? ''}`}
        columns={[
          {
            head: 'key',
            of: ({ key }) => (
              <code>
                <Text of={key} />
              </code>
            ),
          },
          ...(hasWindows
            ? [
                { head: 'from', of: ({ window }: RowsView['rows'][number]) => <Time ms={window?.startMs ?? null} /> },
                {
                  head: 'to',
                  isExtra: true,
                  of: ({ window }: RowsView['rows'][number]) => <Time ms={window?.endMs ?? null} />,
                },
              ]
            : []),
          {
            head: 'value',
            of: ({ value }) => (
              <code>
                <Text of={value} />
              </code>
            ),
          },
          { head: 'time', isExtra: true, of: ({ timestampMs }) => <Time ms={timestampMs} /> },
        ]}
      />
      <p class="pager">
        {next !== null && <Link to={withQuery(address, next)}>go on →</Link>}
        {isCutShort && next === null && 'There are more rows: narrow the search by key or time.'}
      </p>
    </>
  )
}
