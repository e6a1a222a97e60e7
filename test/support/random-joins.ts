// The joins of random topologies: of two streams, and of a stream with a table.
import { int64, JoinWindows, keyValueStore, type KStream, type KTable, string } from 'millrace'
import { asBranch, type Branch, type Key, keyOf, type Row, type Value } from './random-branch.ts'

/** Pairs of two streams, with what is late; a side that lies in other partitions than the other is regrouped. */
export function joinedStreams(detail: number, name: string, { stream, widths }: Branch, other: Branch): Branch {
  const all = [...new Set([...widths, ...other.widths])]
  const rekeyed = (one: KStream<Key, Value>): KStream<Key, Value> =>
    one.selectKey(({ key, value }) => (detail % 3 === 0 ? key : keyOf(detail, value)))
  const [left, right] =
    detail % 2 === 0 && all.length === 1 ? [stream, other.stream] : [rekeyed(stream), rekeyed(other.stream)]
  const window = JoinWindows.of({ before: (detail % 9) - 1, after: 1 + (detail % 5), grace: detail % 7 })
  const options = { window, name, key: string(), value: int64(), otherValue: int64() }
  const pair = (one: Value, two: Value): Value => ((one ?? 5) * 3 + (two ?? 7)) % 1_009
  const made =
    detail % 3 === 0
      ? left.join(right, pair, options)
      : detail % 3 === 1
        ? left.leftJoin(right, pair, options)
        : left.outerJoin(right, pair, options)
  return { stream: asBranch(made), widths: [Math.max(...all)] }
}

/** Two tables of streams, joined. */
export function joinedTables(detail: number, name: string, { stream, widths }: Branch, other: Branch): Branch {
  const [left, right] = [stream, other.stream].map((one, at) =>
    one
      .selectKey(({ value }) => keyOf(detail, value))
      .toTable({ key: string(), value: int64(), name: `${name}-table-${at}` }),
  ) as [KTable<string, number>, KTable<string, number>]
  const pair = (one: Value, two: Value): number => ((one ?? 5) * 3 + (two ?? 7)) % 1_009
  const made =
    detail % 3 === 0
      ? left.join(right, pair, { name })
      : detail % 3 === 1
        ? left.leftJoin(right, pair, { name })
        : left.outerJoin(detail % 2 === 0 ? left.mapValues(({ value }) => value + 1) : right, pair, { name })
  return { stream: asBranch(made.toStream()), widths: [Math.max(...widths, ...other.widths)] }
}

/** Two tables joined by foreign key: the keys and partitions of the two have nothing to do with each other. */
export function joinedByForeignKey(detail: number, name: string, { stream, widths }: Branch, other: Branch): Branch {
  const [left, right] = [stream, other.stream].map((one, at) =>
    one
      .selectKey(({ value }) => keyOf(detail + at, value))
      .toTable({ key: string(), value: int64(), name: `${name}-table-${at}` }),
  ) as [KTable<string, number>, KTable<string, number>]
  const pair = (one: Value, two: Value): number | null => {
    const sum = ((one ?? 5) * 3 + (two ?? 7)) % 1_009
    return sum % 11 === 10 ? null : sum
  }
  const store = keyValueStore(`${name}-kept`, { key: string(), value: int64() })
  const options = {
    foreignKey: (value: number) => keyOf(detail + (value % 2), value),
    name,
    ...(detail % 3 === 0 ? {} : { store }),
  }
  const of = detail % 5 === 0 ? left : right
  const made = detail % 2 === 0 ? left.join(of, pair, options) : left.leftJoin(of, pair, options)
  return { stream: asBranch(made.toStream()), widths: [Math.max(...widths)] }
}

/** A stream that looks up rows of a table, made of the other stream; of a table of versions, at once or after a grace. */
export function joinedTable(detail: number, name: string, { stream, widths }: Branch, other: Branch): Branch {
  const key = ({ value }: Row): Key => keyOf(detail, value)
  const historyMs = 1 + (detail % 25)
  const isVersioned = detail % 3 !== 0
  const versions = isVersioned ? { versioned: { historyMs } } : {}
  const table = other.stream
    .selectKey(key)
    .toTable({ key: string(), value: int64(), name: `${name}-table`, ...versions })
    .filter(({ value }) => value % 4 !== 3)
  const pair = (one: Value, two: Value): Value => ((one ?? 5) * 3 + (two ?? 7)) % 1_009
  const left = stream.selectKey(key)
  const grace = detail % 3 === 1 ? { graceMs: detail % (historyMs + 1) } : {}
  const options = { name, value: int64(), ...grace }
  const made = detail % 2 === 0 ? left.join(table, pair, options) : left.leftJoin(table, pair, options)
  return { stream: asBranch(made), widths: [Math.max(...widths, ...other.widths)] }
}
