/**
 * A row of an ordered store: it knows its place, and when it is due.
 */
import { ByteWriter, readInt64, writeInt64 } from '../core/bytes.ts'
import { appendBytesOfText, bytesAsText } from '../core/text.ts'
import type { OrderedRow } from '../plan/store.ts'
import type { KeyLayout, RowPlace } from './layout.ts'
import { type RowHome, StateRow } from './row.ts'

/** In a store with due times the value follows the timestamp and the due time. */
const dueAt = 8

const scratch = new ByteWriter(256)

/** What a row needs of its store. */
export interface OrderedHome<V> extends RowHome<V> {
  readonly layout: KeyLayout
  readonly valueAt: number
  readonly hasDueTimes: boolean
  /** Lists the row again at its place after its turn was undone. */
  relist(row: OrderedStateRow<V>): void
}

/**
 * It keeps its key as text, one character for each byte: most rows are never asked for the bytes, and a buffer costs
 * more than the rest of the row. Either text follows from the other, with the time and the number, and is made when it
 * is wanted: most rows of joins and sessions are never asked for their stored keys.
 */
export class OrderedStateRow<V> extends StateRow<V> implements OrderedRow<V>, RowPlace {
  readonly at: number
  readonly number: number
  due = -1
  /** As of the last commit. */
  committedDue = -1
  /** Whether the store knows this row by its key: one that a range found is only kept when it changes. */
  isKept = false
  /** Whether it is among the changed rows, in the order of keys. */
  isListed = false
  /** Whether it is among the recent rows of its key. */
  isGathered = false
  /** The last entry that was made for it since the commit. */
  entry: DueEntry<V> | undefined = undefined
  #savedDue = -1
  #key: string | undefined
  #text: string | undefined
  readonly #home: OrderedHome<V>

  /**
   * @param key what the stored keys of rows of its key have in common, in order `segment`
   * @param text the stored key; one of both is given
   */
  constructor(
    front: number,
    key: string | undefined,
    text: string | undefined,
    at: number,
    number: number,
    home: OrderedHome<V>,
  ) {
    super(front, home)
    this.#key = key
    this.#text = text
    this.at = at
    this.number = number
    this.#home = home
  }

  get isLive(): boolean {
    return this.exists
  }

  get identity(): string {
    return this.text
  }

  /** In order `segment`: what the stored keys of all rows of its key have in common. */
  get key(): string {
    return (this.#key ??= this.#home.layout.commonKeyOf(this.text))
  }

  /** The stored key. */
  get text(): string {
    return (this.#text ??= this.#home.layout.textOf(this.front, this.key, this.at, this.number))
  }

  get keyEnd(): number {
    const { layout } = this.#home
    return layout.order === 'segment' ? layout.keyEndOf(this.key) : layout.keyEndOfText(this.text)
  }

  /** A new buffer each time. */
  get keyBytes(): Buffer {
    scratch.at = 0
    this.appendKey(scratch)
    return Buffer.from(scratch.written)
  }

  appendKey(out: ByteWriter): void {
    const { layout } = this.#home
    if (layout.order === 'segment') layout.writeKeyOf(out, this.key, this.at, this.number)
    else layout.writeKeyOfText(out, this.text)
  }

  /** Valid until the next key of any row. */
  get storedKey(): Buffer {
    scratch.at = 0
    if (this.#text === undefined) this.#home.layout.writeEndedKey(scratch, this.front, this.key, this.at, this.number)
    else appendBytesOfText(this.#text, scratch)
    return scratch.written
  }

  /** The key of its entry in the order of due times; valid until the next key of any row. */
  dueKey(due: number): Buffer {
    this.#writeDueKey(due)
    return scratch.written
  }

  /** The same as text. */
  dueText(due: number): string {
    this.#writeDueKey(due)
    return bytesAsText(scratch.bytes, 0, scratch.at)
  }

  #writeDueKey(due: number): void {
    const { layout } = this.#home
    const common = layout.order === 'segment' ? this.key : layout.commonKeyOf(this.text)
    scratch.at = 0
    layout.writeDueKey(scratch, due, common, this.at, this.number)
  }

  override save(turn: number): void {
    super.save(turn)
    this.#savedDue = this.due
  }

  override revert(): void {
    super.revert()
    this.due = this.#savedDue
    this.#home.relist(this)
  }

  override clear(): void {
    super.clear()
    this.due = -1
  }

  override load(stored: Buffer): void {
    super.load(stored, this.#home.valueAt)
    if (this.#home.hasDueTimes) this.due = this.committedDue = readInt64(stored, dueAt)
  }

  protected override writeValue(out: ByteWriter): void {
    if (this.#home.hasDueTimes) {
      writeInt64(out.bytes, out.at, this.due)
      out.at += 8
    }
    super.writeValue(out)
  }

  override committed(): void {
    super.committed()
    this.committedDue = this.due
    this.isListed = false
    this.entry = undefined
  }

  protected get keySize(): number {
    return (this.#key?.length ?? 0) + (this.#text?.length ?? 0)
  }
}

/** The entry of a row in the order of due times. */
export class DueEntry<V> {
  readonly row: OrderedStateRow<V>
  readonly due: number
  readonly text: string
  isListed = false

  constructor(row: OrderedStateRow<V>, due: number, text: string) {
    this.row = row
    this.due = due
    this.text = text
  }

  get isLive(): boolean {
    return this.row.exists && this.row.due === this.due
  }
}
