/**
 * Where the classes that implement the DSL's faces meet: each is handed this list, and imports none of the others.
 */
import { isInstance } from '../core/checks.ts'
import { CogroupedStream } from './cogrouped.ts'
import { GlobalTable } from './global-table.ts'
import { GroupedStream } from './grouped.ts'
import { GroupedTable } from './grouped-table.ts'
import type { Faces } from './parts.ts'
import { Stream } from './stream.ts'
import { Table } from './table.ts'

export const faces: Faces = Object.freeze({
  stream: (parts) => new Stream(parts),
  grouped: (parts) => new GroupedStream(parts),
  groupedTable: (parts) => new GroupedTable(parts),
  cogrouped: (inputs) => new CogroupedStream(inputs),
  table: (parts) => new Table({ ...parts, origin: parts.origin ?? parts.node }),
  sideOf: (given) =>
    isInstance(given, Stream)
      ? { kind: 'stream', parts: (given as Stream<unknown, unknown, never>).parts }
      : isInstance(given, Table)
        ? { kind: 'table', parts: (given as Table<unknown, unknown, never>).parts }
        : isInstance(given, GlobalTable)
          ? { kind: 'global table', parts: given.parts }
          : undefined,
} satisfies Faces)
