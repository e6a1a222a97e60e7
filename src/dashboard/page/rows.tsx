/**
 * Rows of a store as a table.
 */
import type { RowView } from '../views.ts'
import { Notice } from './notice.tsx'
import { type Column, Table } from './table.tsx'
import { Text, Time } from './text.tsx'

/** Names a row among the others of its store. */
export function rowName({ key, window }: Pick<RowView, 'key' | 'window'>): string {
  return `${window?.startMs ?? ''} ${window?.endMs ?? ''} ${key}`
}

export function RowsTable({
  of: rows,
  caption = 'Rows',
}: {
  readonly of: readonly RowView[]
  readonly caption?: string | undefined
}) {
  if (rows.length === 0) return <Notice kind="empty">No rows here.</Notice>
  const windows: readonly Column<RowView>[] = [
    { head: 'from', of: ({ window }) => <Time ms={window?.startMs ?? null} /> },
    { head: 'to', isExtra: true, of: ({ window }) => <Time ms={window?.endMs ?? null} /> },
  ]
  return (
    <Table
      caption={caption}
      rows={rows}
      keyOf={rowName}
      columns={[
        {
          head: 'key',
          of: ({ key }) => (
            <code>
              <Text of={key} />
            </code>
          ),
        },
        ...(rows.some(({ window }) => window !== null) ? windows : []),
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
  )
}
