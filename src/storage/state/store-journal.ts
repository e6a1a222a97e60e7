/**
 * The journal of one store in memory: as of a commit, of this process or another.
 *
 * The newest version of a key is in the journal, if it has one, and otherwise in the tree. Folding writes a row into
 * the tree and leaves its piece as it is, so the journal of an application that lags far behind says the same as one
 * that has seen each commit.
 *
 * What the journal has when it is opened, and the hand has not passed since, is only noted: a commit after a crash does
 * not wait until all of it is in the hash table. It gets there piece by piece, the newest first, some with each commit
 * after the first, and nothing is folded before.
 *
 * While no other process commits, it is remembered which checksums the rows of the tree have that were read or folded:
 * folding a row has to know what it replaces (docs/decisions/0056-rows-after-they-are-folded.md).
 */
import { type MillraceError } from '../../core/errors.ts'
import type { Environment } from '../environment.ts'
import { partitionNumberKey } from '../keys.ts'
import { damaged } from '../read-failure.ts'
import { type FoldedRows, Folding } from './folding.ts'
import { decodeHead, headKey, newHead, type StateHead } from './head.ts'
import { JournalRows, rowsAtOnce } from './journal-rows.ts'
import { type Hand, hasPassed } from './hand.ts'
import { handOf, itemHeadBytes, keyLengthAt, type PieceVisitor, walkPiece } from './piece.ts'
import { type Piece, pieceOverheadBytes, Pieces } from './pieces.ts'
import { TreeReads } from './tree-reads.ts'

const piecesPage = 64
/** Each commit takes over at least this part of the journal, and this many times as much as it appends. */
const takenOverPart = 1 / 8
const takenOverTimes = 4

/** The key of a piece. */
export function pieceKey(storeId: number, sequence: number): Buffer {
  return partitionNumberKey(storeId, 0, sequence)
}

/** Whether the hand has passed the row whose item begins here since its piece was written. */
function isPassed(before: Hand | undefined, now: Hand, partition: number, bytes: Buffer, at: number): boolean {
  const start = at + itemHeadBytes
  return before !== undefined && hasPassed(before, now, partition, bytes, start, start + keyLengthAt(bytes, at))
}

/** Rows that were folded, with their checksums in the tree. */
export interface SealedFold extends FoldedRows {
  readonly seals: Int32Array
}

/** What a commit of this process has made durable. */
export interface DurableChanges {
  readonly head: StateHead
  /** As it is stored. */
  readonly headBytes: Buffer
  readonly pieces: readonly Buffer[]
  readonly folded: readonly SealedFold[]
  /** Whether it removed rows by their range, also from the tree. */
  readonly removesRanges: boolean
}

export class StoreJournal {
  readonly storeId: number
  readonly pieces: Pieces = new Pieces()
  readonly partitions: Map<number, JournalRows> = new Map()
  readonly folding: Folding = new Folding(this.partitions)
  readonly #environment: Environment
  #head: StateHead = newHead
  /** As it is stored; undefined while it is not known. */
  #headBytes: Buffer | undefined
  /** Reads of the tree since the last commit, while no other process commits. */
  #reads: TreeReads | undefined
  /** Pieces before this one are noted only. */
  #takenOverFrom = newHead.first
  /** The snapshot that it was compared with. */
  #snapshot = -1

  constructor(storeId: number, environment: Environment) {
    this.storeId = storeId
    this.#environment = environment
  }

  /** As of the snapshot that is read, or of the transaction that is open. */
  get head(): StateHead {
    return this.#head
  }

  rows(partition: number): JournalRows | undefined {
    return this.partitions.get(partition)
  }

  /** Whether rows of a partition have been folded into the tree: before that there is nothing to read there. */
  hasTree(partition: number): boolean {
    const sum = this.#head.sums.get(partition)
    return sum !== undefined && sum.rows > 0
  }

  /** Takes reads of the tree, where they are of use. */
  get reads(): TreeReads | undefined {
    return this.#environment.isWriting ? undefined : this.#reads
  }

  /** Whether everything is in the hash tables: before that nothing can be folded, and a range would not be whole. */
  get isTakenOver(): boolean {
    return this.#takenOverFrom <= this.#head.first
  }

  /** What it takes in memory. */
  get memoryBytes(): number {
    let bytes = this.pieces.bytes + (this.#reads?.bytes ?? 0)
    for (const rows of this.partitions.values()) bytes += rows.memoryBytes
    return bytes
  }

  /**
   * Whether it fits the snapshot that is read. The one that {@link refresh} saw may have lapsed, which shows only when
   * something is read; so this is asked after a read of the tree.
   */
  get isCurrent(): boolean {
    return this.#snapshot === this.#environment.snapshot
  }

  /**
   * Takes over what others have committed, so that it fits the snapshot in which the tree is read.
   *
   * @throws MillraceError `damaged` when the head or a piece is not what was written
   */
  refresh(): void {
    const environment = this.#environment
    if (this.isCurrent) return
    const stored = environment.get('state', headKey(this.storeId))
    this.#snapshot = environment.snapshot
    if (stored !== undefined && this.#headBytes?.equals(stored) === true) return
    const head = stored && decodeHead(stored)
    if (head === undefined) throw this.#damaged(stored === undefined ? 'is missing' : 'is no head')
    const { first, next } = this.#head
    const wasTakenOver = this.isTakenOver
    this.#forgetTree()
    if (head.next === next && head.first === first) {
      this.#head = head // what its partitions add up to may have changed
      this.#headBytes = stored
      return
    }
    this.#snapshot = -1
    if (head.first > next || head.next < next || head.first < first) this.#forget(head.first)
    try {
      this.#load(head)
    } catch (error) {
      this.#forget(1) // it has some of the pieces, and would take them over twice
      throw error
    }
    this.#retire(head.first)
    this.#head = head
    this.#headBytes = stored
    if (!wasTakenOver) this.#takeOver(this.pieces.bytes * takenOverPart)
    this.#snapshot = environment.snapshot
  }

  /** Others have committed, and may have changed the tree. */
  #forgetTree(): void {
    if (this.#reads === undefined) return
    this.#reads = undefined
    for (const rows of this.partitions.values()) rows.forgetTree()
  }

  #damaged(what: string): MillraceError {
    return damaged(this.#environment.dir, `the head of the store with the id ${this.storeId} ${what}`)
  }

  #forget(first: number): void {
    while (this.pieces.count > 0) this.pieces.shift()
    this.partitions.clear()
    this.#head = { ...newHead, first, next: first }
    this.#headBytes = undefined
    this.#takenOverFrom = first
  }

  #load({ next, hand }: StateHead): void {
    const environment = this.#environment
    let sequence = this.#head.next
    const isOpened = this.pieces.count === 0
    const end = pieceKey(this.storeId, next)
    while (sequence < next) {
      const page = environment.range('journal', pieceKey(this.storeId, sequence), end, piecesPage)
      for (const { key, value } of page) {
        if (!key.equals(pieceKey(this.storeId, sequence))) break
        if (isOpened) this.#note(sequence++, value, hand)
        else this.#add(sequence++, value)
      }
      const isWhole = page.length > 0 && page.at(-1)?.key.equals(pieceKey(this.storeId, sequence - 1)) === true
      if (!isWhole) {
        throw damaged(
          environment.dir,
          `piece ${sequence} of the journal of the store with the id ${this.storeId} is missing`,
        )
      }
    }
    if (isOpened) this.folding.opened(this.pieces.bytes)
  }

  /** @param reads of the tree, which has not changed since */
  #add(sequence: number, bytes: Buffer, reads?: TreeReads): void {
    this.pieces.push({ sequence, bytes, live: 0, folded: 0 })
    this.#walkInGroups(
      { sequence, bytes },
      (rows, places, count) => rows.setAll(bytes, places, count, sequence, reads),
      (partition, from, to, at) => this.partitions.get(partition)?.removeRange(from, to, at, sequence),
    )
  }

  /** As {@link #walk}, up to {@link rowsAtOnce} rows of a partition at a time, by where their items begin. */
  #walkInGroups(
    { sequence, bytes }: Pick<Piece, 'sequence' | 'bytes'>,
    visit: (rows: JournalRows, places: Int32Array, count: number) => void,
    range: PieceVisitor['range'],
  ): void {
    const places = new Int32Array(rowsAtOnce)
    let count = 0
    let rows: JournalRows | undefined
    const visitAll = (): void => {
      if (rows !== undefined && count > 0) visit(rows, places, count)
      count = 0
    }
    this.#walk(sequence, bytes, {
      row: (partition, _, at) => {
        if (rows?.partition !== partition || count === rowsAtOnce) visitAll()
        if (rows?.partition !== partition) rows = this.#rowsOf(partition)
        places[count++] = at
      },
      range: (...removed) => {
        visitAll()
        range(...removed)
      },
    })
    visitAll()
  }

  /** Rows that are in the tree are passed over: an older version of theirs is there, or was, as well. */
  #note(sequence: number, bytes: Buffer, hand: Hand): void {
    this.pieces.push({ sequence, bytes, live: 0, folded: 0 })
    this.#takenOverFrom = sequence + 1
    const before = handOf(bytes)
    let rows: JournalRows | undefined
    this.#walk(sequence, bytes, {
      row: (partition, _, at) => {
        if (isPassed(before, hand, partition, bytes, at)) return
        if (rows?.partition !== partition) rows = this.#rowsOf(partition)
        rows.note(bytes, at, sequence)
      },
      range: (partition, from, to, at) => this.partitions.get(partition)?.removeRange(from, to, at, sequence),
    })
  }

  #walk(sequence: number, bytes: Buffer, visitor: PieceVisitor): void {
    if (walkPiece(bytes, visitor)) return
    throw damaged(
      this.#environment.dir,
      `piece ${sequence} of the journal of the store with the id ${this.storeId} is none`,
    )
  }

  /** Takes over all that was noted: ranges and folding need it. */
  takeOverAll(): void {
    if (!this.isTakenOver) this.#takeOver(Infinity)
  }

  /** Takes over pieces with at least this many bytes. */
  #takeOver(bytes: number): void {
    for (let left = bytes; left > 0 && !this.isTakenOver;) {
      const { sequence, bytes: items } = this.pieces.at(this.#takenOverFrom - 1)
      for (const rows of this.partitions.values()) rows.takeOver(items, sequence)
      this.#takenOverFrom = sequence
      left -= items.length + pieceOverheadBytes
    }
    if (this.isTakenOver) for (const rows of this.partitions.values()) rows.endTakingOver()
  }

  #rowsOf(partition: number): JournalRows {
    let rows = this.partitions.get(partition)
    if (rows === undefined) this.partitions.set(partition, (rows = new JournalRows(partition, this.pieces)))
    return rows
  }

  /** Forgets pieces that another process has removed: what was in them is in the tree, or in a newer piece. */
  #retire(first: number): void {
    for (let piece = this.pieces.oldest; piece !== undefined && piece.sequence < first; piece = this.pieces.oldest) {
      const { sequence, bytes, live, folded } = piece
      if (live + folded > 0) {
        const retire = (rows: JournalRows, places: Int32Array, count: number): void =>
          rows.retire(bytes, places, count, sequence)
        this.#walkInGroups(piece, retire, () => undefined)
      }
      this.pieces.shift()
    }
  }

  /** Takes over what a commit of this process has made durable. */
  committed({ head, headBytes, pieces, folded, removesRanges }: DurableChanges): void {
    if (removesRanges) this.#reads?.clear()
    for (const { rows, entries, seals } of folded) rows.fold(entries, seals)
    let sequence = this.#head.next
    const isFirst = this.#takenOverFrom === sequence
    let appendedBytes = 0
    for (const bytes of pieces) {
      this.#add(sequence++, bytes, this.#reads)
      appendedBytes += bytes.length + pieceOverheadBytes
    }
    this.#retire(head.first)
    this.#head = head
    this.#headBytes = headBytes
    this.#reads ??= new TreeReads()
    this.#reads.clear()
    // The first commit is the one that is waited for after a crash.
    if (this.isTakenOver || isFirst) return
    this.#takeOver(Math.max(this.pieces.bytes * takenOverPart, appendedBytes * takenOverTimes))
    for (const rows of this.partitions.values()) rows.keepOrder()
  }
}
