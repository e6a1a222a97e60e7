/**
 * The JSON that the page gets: what each address of the API answers with. The page imports these types, and nothing
 * else of the server.
 */
import type { FiguresView, Flow, Series } from './figure-views.ts'
import type { StandstillView } from './standstill-view.ts'

export type { NodeDescription, TopologyDescription } from '../core/topology-description.ts'
export type * from './figure-views.ts'

/** What is wrong, and what to do about it. */
export interface Trouble {
  readonly level: 'broken' | 'warning'
  /** What it is about, as an address of the page. */
  readonly at: string
  /** In one sentence. */
  readonly what: string
  /** What to do, in one sentence. */
  readonly advice: string
}

/** The file of the log. */
export interface LogView {
  readonly fileBytes: number
  readonly usedBytes: number
  readonly freeBytes: number
  /** Processes, and threads of processes, that read or write it. */
  readonly users: number
  /** A process that reads an old snapshot, which lets the file grow; null for none. */
  readonly oldSnapshot: { readonly pid: number; readonly commits: number } | null
}

export type Condition = 'running' | 'stopped' | 'fenced'

/** A process that runs an application, or ran it last. */
export interface InstanceView {
  readonly pid: number
  readonly host: string
  readonly startedMs: number
}

/** A version of an application, as far as lists show it. */
export interface VersionView {
  readonly applicationId: string
  readonly version: string
  readonly isLive: boolean
  readonly state: Condition
  /** Who runs it; of a stopped one who ran it, where that one ended without closing it. */
  readonly instance: InstanceView | null
  readonly startedMs: number
  readonly lastCommitMs: number | null
  /** The largest timestamp of a source record, ms since the epoch; null before the first. */
  readonly eventTimeMs: number | null
  /** Records that it has yet to read. */
  readonly lag: number
  /** How old the oldest of them is. */
  readonly lagMs: number
  /** Source records a second, over the last few looks; null until there are two. */
  readonly rate: number | null
  readonly consumed: number
  readonly dropped: number
  readonly failed: number
  /** How many of those failed in the last 15 minutes, as far as the dashboard has seen it. */
  readonly failedLately: number
  /** How long ago the last one of these failed; 0 if none did. */
  readonly failedAgoMs: number
  /** That it does not move although it has records to read; null while all is well. */
  readonly standstill: StandstillView | null
}

/** Where a reader is in a partition. */
export interface PositionView {
  readonly topic: string
  readonly partition: number
  readonly position: number
  readonly end: number
  readonly lag: number
  readonly lagMs: number
}

/** Where a version is in a partition. */
export interface VersionPositionView extends PositionView {
  /** The largest event time that an operator has seen in partitions of this number; null before the first. */
  readonly streamTimeMs: number | null
  /** For how long the version has stood still, where it has records to read here; 0 while it moves. */
  readonly standsForMs: number
}

/** Records that an operator passed over. */
export interface PassedOver {
  readonly operator: string
  readonly kind: 'dropped' | 'failed'
  readonly why: string
  readonly count: number
}

/** A version of an application, looked at closely: what changes while it runs. */
export interface ApplicationView extends VersionView {
  readonly versions: readonly { readonly version: string; readonly isLive: boolean; readonly state: Condition }[]
  readonly fenced: InstanceView | null
  /** What its process knows of itself; null where none runs. */
  readonly figures: FiguresView | null
  readonly reads: readonly string[]
  readonly writes: readonly string[]
  /** The first of them, by topic and partition. */
  readonly positions: readonly VersionPositionView[]
  /** How many are not among them; they count in the lag all the same. */
  readonly positionsLeftOut: number
  readonly passedOver: readonly PassedOver[]
  /** By topic: in all, and a second. */
  readonly consumedByTopic: Readonly<Record<string, Flow>>
  readonly producedByTopic: Readonly<Record<string, Flow>>
}

/** A store among others. */
export interface StoreView {
  readonly name: string
  readonly kind: string
  readonly owner: string
  readonly key: string
  readonly value: string
  readonly partitions: number
  readonly rows: number
  readonly bytes: number
  /** Whether its rows can be looked at: not those of a buffer, nor those of a version beside the live one. */
  readonly isReadable: boolean
}

/** A topic among others. */
export interface TopicView {
  readonly name: string
  readonly partitions: number
  readonly records: number
  readonly bytes: number
  /** Records a second; null until it was looked at twice. */
  readonly rate: number | null
  /** When the last record was appended; null for none. */
  readonly lastAppendMs: number | null
}

/** A topic, looked at closely. */
export interface TopicDetailView {
  readonly name: string
  readonly keySerde: string | null
  readonly valueSerde: string | null
  readonly settings: readonly { readonly name: string; readonly value: string; readonly isDefault: boolean }[]
  readonly partitions: readonly {
    readonly partition: number
    readonly start: number
    readonly end: number
    readonly records: number
    readonly bytes: number
    readonly newestMs: number | null
  }[]
  readonly readers: readonly ReaderView[]
}

/** A group or an application that reads a topic. */
export interface ReaderView {
  readonly name: string
  readonly kind: 'group' | 'application'
  readonly lag: number
  readonly lagMs: number
}

/** Bytes of a record as text, as far as one line shows them. */
export interface Shown {
  /** By the serde of the topic; null for null. */
  readonly text: string | null
  /** How many bytes there are; 0 for null. */
  readonly bytes: number
  /** Whether the text was cut. */
  readonly isCut: boolean
}

/** A record in a list. */
export interface RecordView {
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly key: Shown
  readonly value: Shown
  readonly headers: number
}

/** A part of a topic. */
export interface RecordsView {
  readonly records: readonly RecordView[]
  /** How many were looked at to find these. */
  readonly searched: number
  /** Where older, and newer ones begin, for the next request; null where there are none. */
  readonly older: string | null
  readonly newer: string | null
  /** Why the search ended before it had enough: its bound. */
  readonly isCutShort: boolean
}

/** Bytes of a record in full, up to a bound. */
export interface FullBytes extends Shown {
  /** The value as JSON, where the serde knows one; undefined where it is too long, or nested too deeply. */
  readonly json?: unknown
  /** The first of the bytes, as hex. */
  readonly hex: string
}

/** A record in full. */
export interface FullRecordView {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly key: FullBytes
  readonly value: FullBytes
  readonly headers: readonly { readonly key: string; readonly value: string | null }[]
}

/** What came in since the last event of a tail. */
export interface TailView {
  readonly records: readonly RecordView[]
  /** Records that came too fast to be shown. */
  readonly passedOver: number
}

/** Rows of a store. */
export interface RowsView {
  readonly rows: readonly RowView[]
  /** What to ask for next: the parameters that differ; null where nothing is left. */
  readonly next: Readonly<Record<string, string>> | null
  /** Whether there is more than is shown. */
  readonly isCutShort: boolean
}

export interface RowView {
  readonly key: string
  readonly window: { readonly startMs: number; readonly endMs: number } | null
  readonly value: string
  readonly isCut: boolean
  readonly timestampMs: number
}

/** A consumer group, or an application as a group, among others. */
export interface GroupView {
  readonly name: string
  readonly kind: 'group' | 'application'
  readonly state: 'empty' | 'stable' | 'rebalancing'
  readonly members: number
  readonly lag: number
  readonly lagMs: number
}

/** A group, looked at closely. */
export interface GroupDetailView {
  readonly name: string
  readonly kind: 'group' | 'application'
  readonly state: 'empty' | 'stable' | 'rebalancing'
  readonly generation: number
  readonly assignor: string | null
  readonly members: readonly {
    readonly memberId: string
    readonly clientId: string
    readonly pid: number
    readonly host: string
    readonly lastHeartbeatMs: number
    readonly partitions: readonly string[]
  }[]
  /** The first of them, by topic and partition. */
  readonly positions: readonly GroupPositionView[]
  /** How many are not among them. */
  readonly positionsLeftOut: number
}

/** Where a group is in a partition. */
export interface GroupPositionView extends PositionView {
  readonly committedMs: number
  readonly member: string | null
  /** Records of lag over time. */
  readonly lags: Series
}

/** Whether the page may change things. */
export interface ChangesView {
  readonly isAllowed: boolean
}

/** What every change answers with, beside what is of its kind. */
export interface ActView {
  /** What it did, in one sentence or a few. */
  readonly did: string
}

/** What is live, by its name. */
export type PartName =
  | 'log'
  | 'troubles'
  | `application/${string}/${string}`
  | `topic/${string}`
  | `group/${string}`
  /** A `ReplayView` of a version beside the live one. */
  | `replay/${string}/${string}`
  | `letters/${string}`
  /** An {@link ApplicationView}, a {@link TopologyDescription} and {@link FactsView}: only for those who ask. */
  | `detail/${string}/${string}`
  | `shape/${string}/${string}`
  | `facts/${string}/${string}`
  /** A {@link HistoryView} of what is called so. */
  | `history/${string}`

export type Parts = Readonly<Record<string, unknown>>

/** An event of the live stream: what has changed since the one before, or all at the beginning. */
export interface LiveEvent {
  /** When it was looked at, ms since the epoch. */
  readonly atMs: number
  /** Whether these are all parts: whatever came before is to be forgotten. */
  readonly isAll: boolean
  readonly parts: Parts
  /** What is no longer there. */
  readonly gone: readonly string[]
}

/** What every refused request answers with. */
export interface ErrorView {
  readonly error: { readonly code: string; readonly message: string }
}
