/**
 * What the API says of dead letters, for the page.
 */
import type { ActView, FullRecordView, RecordsView, Shown } from './views.ts'

/** What became of dead letters that were to be sent again: how many had which outcome. */
export interface SentView extends ActView {
  readonly sent: number
  readonly alreadySent: number
  /** Not sent, for there is no record, or none that reads it. */
  readonly noRecord: number
  readonly notRead: number
  readonly topicGone: number
  /** Those that were named, or found, and were deleted before they could be sent. */
  readonly gone: readonly { readonly partition: number; readonly offset: number }[]
  /** Where to go on, of letters that a filter means; null when that were all, or those that were named. */
  readonly next: { readonly from: string; readonly upTo: string } | null
}

/** The dead letters of an application, among others. */
export interface LettersView {
  readonly applicationId: string
  /** The topic that they lie in. */
  readonly topic: string
  /** How many there are. */
  readonly letters: number
  /** When the last one was written; null for none. */
  readonly lastMs: number | null
}

/** What would become of a letter that is sent again; `gone` for one that was deleted meanwhile. */
export type LetterOutcome = 'sent' | 'alreadySent' | 'noRecord' | 'notRead' | 'topicGone' | 'gone'

/** A dead letter in a list. */
export interface LetterView {
  readonly partition: number
  readonly offset: number
  /** The event time of its record. */
  readonly timestampMs: number
  readonly reason: string
  readonly message: string | null
  readonly operator: string | null
  /** Where the record was read; null where a job failed. */
  readonly source: { readonly topic: string; readonly partition: number; readonly offset: number } | null
  readonly key: Shown
  readonly value: Shown
  readonly outcome: LetterOutcome
}

/** Some dead letters of an application, the newest first. */
export interface LetterListView extends Omit<RecordsView, 'records'> {
  readonly letters: readonly LetterView[]
}

/** A dead letter in full: what went wrong, and the record as it was read. */
export interface FullLetterView extends Omit<LetterView, 'key' | 'value'> {
  readonly topic: string
  readonly kind: 'record' | 'punctuation' | 'release' | 'completion'
  readonly record: FullRecordView
  /** The largest event time where the record came from: one that is much older may be late there, again. */
  readonly newestMs: number | null
  /** The value as it may be typed; null where it has no text to begin with. */
  readonly editable: string | null
}

/** How many letters have which reason, at which operator, and when. */
export interface ReasonsView {
  /** The most frequent. */
  readonly reasons: readonly {
    readonly reason: string
    readonly operator: string | null
    readonly letters: number
    /** How many in each stretch of event time, from the first letter of all reasons to the last. */
    readonly times: readonly number[]
    readonly newestMs: number
  }[]
  /** How many reasons are not among them, and how many letters those have. */
  readonly leftOut: { readonly reasons: number; readonly letters: number }
  /** Of all reasons. */
  readonly letters: number
  readonly fromMs: number | null
  readonly toMs: number | null
  readonly isCutShort: boolean
}
