/**
 * How the file of an environment is used: what LMDB counts, added up over its databases.
 */
import { statSync } from 'node:fs'
import { noticeTermination } from './lmdb-threads.ts'

/** A process, or a thread of one, that reads. */
export interface LogReader {
  /** Its process. */
  readonly pid: number
  /** How many commits came since the snapshot that it holds; null while it holds none. */
  readonly commitsBehind: number | null
}

/** How the file of a log is used; `log.admin.stats()`. */
export interface LogStatistics {
  /** The size of the file. It never shrinks: freed pages are used again. */
  readonly fileBytes: number
  /** In pages that hold something. */
  readonly usedBytes: number
  /** In pages that can be used again, now or when the oldest reader has moved on. */
  readonly freeBytes: number
  /** The same, counted. */
  readonly freePages: number
  /** The size of a page. */
  readonly pageBytes: number
  /** Address space that is reserved for the file. */
  readonly mapBytes: number
  /** The number of the last commit, of any process. */
  readonly lastTransaction: number
  /** Everyone who has a place in the table of readers. */
  readonly readers: readonly LogReader[]
  /** The one whose snapshot is oldest: while it holds it, pages that were freed since are not used again. */
  readonly oldestReader: LogReader | null
}

interface Pages {
  readonly treeBranchPageCount: number
  readonly treeLeafPageCount: number
  readonly overflowPages: number
}

/** What LMDB tells of a database, and the environment around it. */
interface Counted extends Pages {
  readonly entryCount: number
  readonly pageSize: number
  readonly root: Pages
  readonly free: Pages
  readonly mapSize: number
  readonly lastPageNumber: number
  readonly lastTxnId: number
}

interface Database {
  getStats(): object
}

interface RootDatabase extends Database {
  readerList(): string
}

interface FreePages {
  readonly count: number
  readonly bytes: number
  readonly usedBytes: number
}

/** Two pages say which commit is the newest. */
const metaPages = 2

/** What LMDB counts of a database. */
export function countsOf(database: Database): Counted {
  noticeTermination()
  return database.getStats() as Counted
}

/** The pages that can be used again, and all that hold something; as of the snapshot that is read. */
export function freePages(root: Database, databases: readonly Database[]): FreePages {
  const { root: names, free, lastPageNumber, pageSize } = countsOf(root)
  const trees: readonly Pages[] = [names, free, ...databases.map(countsOf)]
  const used = trees.reduce(
    (total, { treeBranchPageCount, treeLeafPageCount, overflowPages }) =>
      total + treeBranchPageCount + treeLeafPageCount + overflowPages,
    metaPages,
  )
  const count = Math.max(0, lastPageNumber + 1 - used)
  return { count, bytes: count * pageSize, usedBytes: used * pageSize }
}

export function readStatistics(path: string, root: RootDatabase, databases: readonly Database[]): LogStatistics {
  const { pageSize, mapSize, lastTxnId } = countsOf(root)
  const free = freePages(root, databases)
  const readers = readersOf(root.readerList(), lastTxnId)
  return {
    fileBytes: statSync(path).size,
    usedBytes: free.usedBytes,
    freeBytes: free.bytes,
    freePages: free.count,
    pageBytes: pageSize,
    mapBytes: mapSize,
    lastTransaction: lastTxnId,
    readers,
    oldestReader: readers.reduce<LogReader | null>(older, null),
  }
}

/** A part of lmdb that its types leave out: what its getStats does first, without the counts of pages. */
interface WithEnvironment {
  readonly env: { info(): Pick<Counted, 'lastTxnId'> }
}

/** The number of the last commit, of any process. */
export function lastTransaction(root: object): number {
  noticeTermination()
  return (root as WithEnvironment).env.info().lastTxnId
}

/** Of `pid thread txnid` in each line after the heading; a reader without a snapshot has a dash. */
function readersOf(list: string, lastTransaction: number): LogReader[] {
  return [...list.matchAll(/^\s*(\d+)\s+\S+\s+(\d+|-)\s*$/gm)].map(([, pid, transaction]) => ({
    pid: Number(pid),
    commitsBehind: transaction === '-' ? null : Math.max(0, lastTransaction - Number(transaction)),
  }))
}

function older(oldest: LogReader | null, reader: LogReader): LogReader | null {
  if (reader.commitsBehind === null) return oldest
  return oldest !== null && (oldest.commitsBehind ?? 0) >= reader.commitsBehind ? oldest : reader
}
