/**
 * Where a reader is in each partition: the same table for an application and for a group, with columns of their own.
 */
import { Link, pathOf } from './address.tsx'
import { type Column, Table } from './table.tsx'
import { count, lag, Text } from './text.tsx'

export interface Position {
  readonly topic: string
  readonly partition: number
  readonly position: number
  readonly end: number
  readonly lag: number
  readonly lagMs: number
}

interface PositionsProps<P> {
  readonly rows: readonly P[]
  /** What else is known of each. */
  readonly columns: readonly Column<P>[]
}

export function Positions<P extends Position>({ rows, columns }: PositionsProps<P>) {
  return (
    <Table
      caption="Positions"
      rows={rows}
      keyOf={({ topic, partition }) => `${topic}/${partition}`}
      columns={[
        {
          head: 'topic',
          of: ({ topic }) => (
            <Link to={pathOf('topics', topic)}>
              <Text of={topic} />
            </Link>
          ),
        },
        { head: 'partition', isFigure: true, of: ({ partition }) => partition },
        { head: 'position', isFigure: true, of: ({ position }) => count(position) },
        { head: 'end', isFigure: true, isExtra: true, of: ({ end }) => count(end) },
        { head: 'lag', isFigure: true, of: (one) => lag(one.lag, one.lagMs) },
        ...columns,
      ]}
    />
  )
}
