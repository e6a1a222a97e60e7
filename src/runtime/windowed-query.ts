/**
 * Queries of stores of windows and of sessions.
 */
import { checkBoolean, checkOptions, checkWhole } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import type { ReadOnlySessionStore, ReadOnlyWindowStore } from '../core/read-only-stores.ts'
import { shown } from '../core/shown.ts'
import type { StoreRow, TimeBounds, WindowBounds } from '../core/store-row.ts'
import type { Timestamp } from '../core/units.ts'
import type { Window, Windowed } from '../core/windows/window.ts'
import type { WindowForm } from '../core/windows/window-form.ts'
import { keyOf, type RowRange } from '../plan/store.ts'
import { type CommittedGround, type CommittedRow, CommittedStore } from '../state/committed-store.ts'

/** What stores of windows of any form have in common. */
class WindowedRows<K, V> {
  readonly #rows: CommittedStore<K, V>
  readonly #form: WindowForm

  constructor(ground: CommittedGround, form: WindowForm) {
    this.#rows = new CommittedStore(ground)
    this.#form = form
  }

  value(key: K, at: number, number: number): V | undefined {
    return this.#rows.get(keyOf(key), at, number)?.value
  }

  list(range: RowRange<K>): StoreRow<Windowed<K>, V>[] {
    return this.#rows.rowsAtOnce(range).map((row) => this.#shown(row))
  }

  *walk(range: RowRange<K>): Generator<StoreRow<Windowed<K>, V>, undefined> {
    for (const row of this.#rows.rows(range)) yield this.#shown(row)
  }

  #shown({ key, at, number, value, timestamp }: CommittedRow<K, V>): StoreRow<Windowed<K>, V> {
    return { key: { key, window: this.#form.windowOf(at, number) }, value, timestamp: timestamp as Timestamp }
  }
}

export class WindowQuery<K, V> implements ReadOnlyWindowStore<K, V> {
  readonly #windows: WindowedRows<K, V>

  constructor(ground: CommittedGround, form: WindowForm) {
    this.#windows = new WindowedRows(ground, form)
  }

  get(key: K, windowStart: number): V | undefined {
    return this.#windows.value(key, checkWhole('the start of a window', windowStart, 0), 0)
  }

  fetch(key: K, bounds: TimeBounds = {}): readonly StoreRow<Windowed<K>, V>[] {
    const { from, to, isReverse } = timesOf('fetch', bounds)
    return this.#windows.list({ key: keyOf(key), fromTime: from, toTime: to, isReverse })
  }

  range(bounds: WindowBounds<K> = {}): Iterable<StoreRow<Windowed<K>, V>> {
    const { key, times } = keyAndTimes(bounds)
    const { from, to, isReverse } = timesOf('range', times)
    return this.#windows.walk({ key, fromTime: from, toTime: to, isReverse })
  }
}

/** The time of a row is the end of its session. */
export class SessionQuery<K, V> implements ReadOnlySessionStore<K, V> {
  readonly #sessions: WindowedRows<K, V>
  readonly #form: WindowForm

  constructor(ground: CommittedGround, form: WindowForm) {
    this.#sessions = new WindowedRows(ground, form)
    this.#form = form
  }

  get(key: K, session: Window): V | undefined {
    const { start, end } = checkSession(session)
    const window = { start, end }
    return this.#sessions.value(key, this.#form.atOf(window), this.#form.numberOf(window))
  }

  find(key: K, bounds: TimeBounds = {}): readonly StoreRow<Windowed<K>, V>[] {
    const { from, to, isReverse } = timesOf('find', bounds)
    return this.#sessions.list({ key: keyOf(key), fromTime: from, isReverse }).filter(beginningBy(to))
  }

  range(bounds: WindowBounds<K> = {}): Iterable<StoreRow<Windowed<K>, V>> {
    const { key, times } = keyAndTimes(bounds)
    const { from, to, isReverse } = timesOf('range', times)
    return only(this.#sessions.walk({ key, fromTime: from, isReverse }), beginningBy(to))
  }
}

function beginningBy(time: number): (row: StoreRow<Windowed<unknown>, unknown>) => boolean {
  return ({ key: { window } }) => window.start <= time
}

function* only<Row>(rows: Iterable<Row>, isWanted: (row: Row) => boolean): Generator<Row, undefined> {
  for (const row of rows) if (isWanted(row)) yield row
}

function checkSession(session: Window): Window {
  const { start, end } = checkOptions('a session', session, ['start', 'end'])
  checkWhole('the start of a session', start, 0)
  checkWhole('the end of a session', end, 0)
  if (start <= end) return session
  throw new MillraceError('bad_option', `the session ${shown(session)} ends before it starts`)
}

function keyAndTimes<K>(bounds: WindowBounds<K>) {
  const { key, ...times } = checkOptions('the bounds of range', bounds, ['key', 'from', 'to', 'reverse'])
  return { key: key === undefined ? undefined : keyOf<K>(key), times }
}

function timesOf(
  call: string,
  bounds: TimeBounds,
): { readonly from: number; readonly to: number; readonly isReverse: boolean } {
  const given = checkOptions(`the bounds of ${call}`, bounds, ['from', 'to', 'reverse'])
  const { from = 0, to = Number.MAX_SAFE_INTEGER, reverse = false } = given
  return {
    from: checkWhole('from', from, 0),
    to: checkWhole('to', to, 0),
    isReverse: checkBoolean('reverse', reverse),
  }
}
