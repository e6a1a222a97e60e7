/**
 * What every kind of windows is.
 */
import type { Facts } from '../stored-plan.ts'
import type { WindowForm } from './window-form.ts'

/** Windows over event time, of any kind: what `windowedBy` and `windowed` take. */
export abstract class Windows {
  /** How long a window waits for late records after its end, in ms of stream time. */
  abstract readonly graceMs: number
  /** How a window stands in a key. */
  abstract readonly form: WindowForm
  /** What stored rows depend on. */
  abstract readonly facts: Facts
  /** The least that `retentionMs` may be. */
  abstract readonly leastRetentionMs: number
  /** For how long stores keep a row after its time at least, so that no window goes before it is closed. */
  abstract readonly keptForMs: number
  /** The stream time at which a window is closed, by the time of its row: its start, or the end of a session. */
  abstract closeOf(at: number): number
}

/**
 * Windows that follow from the clock alone, whatever the records: each is known by its start, and a record is in all
 * that hold its timestamp.
 */
export abstract class AlignedWindows extends Windows {
  /** The start of the first window that holds the timestamp; later than the timestamp when none does. */
  abstract firstStart(timestamp: number): number
  /** The start of the window that follows the one with this start. */
  abstract nextStart(start: number): number
}
