/**
 * A window of event time, and the key of a row in a windowed table.
 */

/**
 * A span of event time, half open: `start` belongs to it, `end` does not. Both in ms since the epoch, as plain numbers,
 * because users build keys with windows too: `{ key: 'a', window: { start: 0, end: 60_000 } }`.
 */
export interface Window {
  /** The first ms that belongs to it. */
  readonly start: number
  /** The first ms after it; the largest timestamp for a window that would end later, as in Kafka. */
  readonly end: number
}

/** The key of a row in a windowed table: a key, and the window that the row is about. */
export interface Windowed<K> {
  /** The key that the records were grouped by. */
  readonly key: K
  /** The window that they fell into. */
  readonly window: Window
}
