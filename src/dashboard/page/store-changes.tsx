/**
 * How the rows that are shown change, while they are shown.
 */
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { RowsView } from '../views.ts'
import { nowMs } from './browser-clock.ts'
import { type RowChange, changesBetween } from './row-changes.ts'
import { rowName } from './rows.tsx'
import { Table } from './table.tsx'
import { clockTime, Text, Time } from './text.tsx'

const keptMax = 50

interface SeenChange extends RowChange {
  readonly number: number
  readonly seenMs: number
}

interface ChangesProps {
  readonly of: RowsView
}

/** Begins again with each other search: give it the address as its key. */
export function Changes({ of: rows }: ChangesProps) {
  const last = useRef(rows)
  const [changes, setChanges] = useState<readonly SeenChange[]>([])
  useLayoutEffect(() => {
    const found = changesBetween(last.current, rows, rowName)
    last.current = rows
    if (found.length === 0) return
    setChanges((before) => {
      const first = (before[0]?.number ?? 0) + found.length
      const seenMs = nowMs()
      const news = found.slice(0, keptMax).map((change, at) => ({ ...change, number: first - at, seenMs }))
      return [...news, ...before].slice(0, keptMax)
    })
  }, [rows])
  const hasWindows = changes.some(({ window }) => window !== null)
  return (
    <section aria-labelledby="changes">
      <h2 id="changes">Changes</h2>
      {changes.length === 0 ? (
        <p class="about">The rows above have not changed since you opened this page.</p>
      ) : (
        <Table
          caption="Changes"
          rows={changes}
          keyOf={({ number }) => String(number)}
          columns={[
            { head: 'seen', of: ({ seenMs }) => clockTime(seenMs) },
            {
              head: 'key',
              of: ({ key }) => (
                <code>
                  <Text of={key} />
                </code>
              ),
            },
            ...(hasWindows
              ? [{ head: 'from', isExtra: true, of: ({ window }: SeenChange) => <Time ms={window?.startMs ?? null} /> }]
              : []),
            { head: 'before', of: ({ before }) => <Value of={before} none="no row" /> },
            { head: 'after', of: ({ after }) => <Value of={after} none="removed" /> },
          ]}
        />
      )}
    </section>
  )
}

function Value({ of, none }: { readonly of: string | null; readonly none: string }) {
  return of === null ? (
    <em>{none}</em>
  ) : (
    <code>
      <Text of={of} />
    </code>
  )
}
