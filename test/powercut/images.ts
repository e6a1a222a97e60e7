// What a power cut can leave of the data file. A write through O_DSYNC is on the disk when it returns, every write before a
// flush is when that returns, and of the others any part may be, in units of the page cache or, torn, of the disk.
import { sealAt, sealBytes } from '../../src/storage/meta-pages.ts'
import { defaultPageSizeBytes } from '../../src/storage/opening.ts'
import { Random } from '../crash/random.ts'
import type { Journal } from './journal.ts'

/** What becomes of the writes that no flush has made durable. */
const fates = ['none', 'all', 'half', 'prefix', 'torn'] as const

export interface State {
  readonly number: number
  /** The entry during which the power goes: all before it have returned. */
  readonly point: number
  readonly fate: (typeof fates)[number]
}

/** The states of a journal follow from a seed. */
export function stateOf(journal: Journal, seed: number, number: number): State {
  const random = new Random(seed * 7_919 + number)
  // The creation is short, so it gets a share of its own.
  const created = journal.findIndex(({ kind }) => kind === 'acknowledgement')
  const point = random.chance(0.1) ? random.int(0, created) : random.int(0, journal.length - 1)
  return { number, point, fate: fates[number % fates.length] ?? 'none' }
}

/** Bytes within one page of the page cache. */
interface Piece {
  readonly offset: number
  readonly bytes: Buffer
}

const pageBytes = 4_096
const sectorBytes = 512

/** Cuts at every multiple of `unit`. */
function piecesOf({ offset, bytes }: Piece, unit: number): Piece[] {
  const pieces: Piece[] = []
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + unit - ((offset + at) % unit))
    pieces.push({ offset: offset + at, bytes: bytes.subarray(at, end) })
    at = end
  }
  return pieces
}

/** What is written to a meta page after its commit. */
function isSeal({ offset, bytes }: Piece): boolean {
  const isInMetaPage = offset < 2 * defaultPageSizeBytes && offset % defaultPageSizeBytes === sealAt
  return isInMetaPage && bytes.length === sealBytes
}

/** A file that grows as it is written to. */
class Image {
  #bytes: Buffer
  length: number

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.length = bytes.length
  }

  extend(length: number): void {
    if (length > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(length)])
    this.length = Math.max(this.length, length)
  }

  put({ offset, bytes }: Piece): void {
    this.extend(offset + bytes.length)
    this.#bytes.set(bytes, offset)
  }

  copy(): Image {
    return new Image(Buffer.from(this.bytes))
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.length)
  }
}

/** Without flushes the system writes back when it likes: about as late as this. */
const unflushedPagesMax = 2_000

/** Walks along a journal and makes images of it; cheapest where the points go up. */
export class PowerCuts {
  readonly #journal: Journal
  /** As if every flush had lied. */
  readonly #ignoreFlushes: boolean
  #next = 0
  #durable = new Image(Buffer.alloc(0))
  #pending: Piece[] = []
  #name: 'none' | 'pending' | 'durable'

  constructor(journal: Journal, ignoreFlushes: boolean) {
    this.#journal = journal
    this.#ignoreFlushes = ignoreFlushes
    this.#name = this.#firstName
  }

  /** A file that nobody names later has had its name from the start. */
  get #firstName(): 'none' | 'durable' {
    return this.#journal.some(({ kind }) => kind === 'name') ? 'none' : 'durable'
  }

  /** The data file after the power has gone; undefined where there is none. */
  imageOf(seed: number, { number, point, fate }: State): Buffer | undefined {
    this.#goTo(point)
    const inFlight = this.#journal[point]
    const nameIsPending = this.#name === 'pending' || inFlight?.kind === 'name'
    const pending = inFlight?.kind === 'write' ? [...this.#pending, ...piecesOf(inFlight, pageBytes)] : this.#pending
    const random = new Random(seed * 104_729 + number)
    const image = this.#durable.copy()
    const end = random.int(0, pending.length)
    const torn = fate === 'torn' ? pending[end] : undefined
    const kept = {
      none: (): Piece[] => [],
      all: () => pending,
      half: () => pending.filter(() => random.chance(0.5)),
      prefix: () => pending.slice(0, end),
      torn: () => [
        ...pending.slice(0, end),
        ...(torn === undefined ? [] : piecesOf(torn, sectorBytes).filter(() => random.chance(0.5))),
      ],
    }[fate]()
    // The length of a file may be on the disk before what is written there.
    if (fate === 'half' && random.chance(0.5))
      for (const piece of pending) image.extend(piece.offset + piece.bytes.length)
    for (const piece of kept) image.put(piece)
    const isNamed = nameIsPending
      ? { none: false, all: true, half: random.chance(0.5), prefix: random.chance(0.5), torn: random.chance(0.5) }[fate]
      : this.#name === 'durable'
    return isNamed ? image.bytes : undefined
  }

  /** Whether everything is durable when this entry begins, but for seals: nothing is promised of those. */
  isDurableBefore(point: number): boolean {
    this.#goTo(point)
    return this.#pending.every(isSeal) && this.#name === 'durable'
  }

  #goTo(point: number): void {
    if (point < this.#next) {
      this.#next = 0
      this.#durable = new Image(Buffer.alloc(0))
      this.#pending = []
      this.#name = this.#firstName
    }
    for (; this.#next < point; this.#next++) this.#pass(this.#next)
  }

  #pass(index: number): void {
    const entry = this.#journal[index]
    if (entry?.kind === 'write') {
      const pieces = piecesOf(entry, pageBytes)
      this.#pending.push(...pieces)
      const pages = new Set(pieces.map(({ offset }) => Math.floor(offset / pageBytes)))
      if (entry.durable) this.#flush(({ offset }) => pages.has(Math.floor(offset / pageBytes)))
    } else if (entry?.kind === 'flush') {
      this.#flush(() => true)
    } else if (entry?.kind === 'name') {
      this.#name = 'pending'
    } else if (entry?.kind === 'flush of names' && this.#name === 'pending') {
      this.#name = 'durable'
    }
  }

  /** Makes pages durable, in the order in which they were written. */
  #flush(isMeant: (piece: Piece) => boolean): void {
    const old = this.#pending.length - unflushedPagesMax
    const stay: Piece[] = []
    for (const [index, piece] of this.#pending.entries()) {
      if (this.#ignoreFlushes ? index < old : isMeant(piece)) this.#durable.put(piece)
      else stay.push(piece)
    }
    this.#pending = stay
  }
}
