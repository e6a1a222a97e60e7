/**
 * Where a reader is in each partition: the same table for an application and for a group, with columns of their own.
 */
import type { PositionView } from '../views.ts'
import { pathOf, TextLink } from './address.tsx'
import { Notice } from './notice.tsx'
import { type Column, Table } from './table.tsx'
import { count, lag } from './text.tsx'

interface PositionsProps<P> {
  readonly rows: readonly P[]
  /** How many more there are. */
  readonly leftOut: number
  /** What else is known of each. */
  readonly columns: readonly Column<P>[]
}

export function Positions<P extends PositionView>({ rows, leftOut, columns }: PositionsProps<P>) {
  return (
    <>
      {leftOut > 0 && (
        <Notice kind="empty">
          {`These are the first ${count(rows.length)} partitions. ${count(leftOut)} more are not listed, but count in the lag as a whole.`}
        </Notice>
      )}
      <Table
        caption="Positions"
        rows={rows}
        keyOf={({ topic, partition }) => `${topic}/${partition}`}
        first={{ by: ({ lag: records }) => records, what: 'with the most lag' }}
        columns={[
          { head: 'topic', of: ({ topic }) => <TextLink to={pathOf('topics', topic)} of={topic} /> },
          { head: 'partition', isFigure: true, of: ({ partition }) => partition },
          { head: 'position', isFigure: true, of: ({ position }) => count(position) },
          { head: 'end', isFigure: true, isExtra: true, of: ({ end }) => count(end) },
          { head: 'lag', isFigure: true, of: (one) => lag(one.lag, one.lagMs) },
          ...columns,
        ]}
      />
    </>
  )
}
