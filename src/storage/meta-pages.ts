/**
 * The two pages that say which commit is the newest, and the seal that every commit puts beside them.
 *
 * LMDB writes them in turn and takes the one with the larger number for the newest. They have no checksum: one flipped
 * bit can make an older commit the newest, and the last one is silently lost. A seal says which commit wrote its page,
 * and holds a checksum of the page (docs/decisions/0010-sealed-meta-pages.md). It lies in the same sector as what it
 * seals, so the two reach the disk together or in order: a seal may be older than its page, never newer.
 */
import { crc32c } from '../core/checksum.ts'

/** Where the fields of LMDB's data format, version 2, are, from the start of a page. */
const pageNumberAt = 0
const pageTransactionAt = 8
const pageFlagsAt = 18
const magicAt = 24
const versionAt = 28
const mapBytesAt = 40
const pageBytesAt = 48
const freeFlagsAt = 52
const mainFlagsAt = 100
const mainDepthAt = 102
const mainLeafPagesAt = 112
const mainRowsAt = 128
const freeRootAt = 88
const mainRootAt = 136
const lastPageAt = 144
const transactionAt = 152
const metaBytes = 168

/** Where a seal is in its page. */
export const sealAt = 256
export const sealBytes = 24
const sealedAt = sealAt + 20
const sealEnd = sealAt + sealBytes

const magic = 0xbeefc0de
const version = 2
const metaPage = 0x08
const branchOrLeaf = 0x03
/**
 * Flags for encryption and for the kind of a tree; the list of free pages has integer keys, and the main tree none of
 * these.
 */
const kindFlags = 0x207e
const integerKeys = 0x08
/** A tree without a page. */
const noRoot = 2 ** 64

export const pageHeaderBytes = 24

/** What to read of a page to get all of its fields. A file may be too short for it. */
export const headerBytes: number = metaBytes

/** From the first byte of the one page to the last that matters of the other. */
export function metaPagesBytes(pageBytes: number): number {
  return pageBytes + sealEnd
}

/** One of the two pages. */
export interface MetaPage {
  /** The commit that wrote it. */
  readonly transaction: number
  /** Where the list of free pages begins. */
  readonly freeRoot: number
  /** Where the main tree begins, which holds the other trees. */
  readonly mainRoot: number
  readonly lastPage: number
  readonly checksum: number
  readonly seal: Seal | undefined
}

export interface Seal {
  readonly transaction: number
  /** How many of the pages that the commit knows the file held in whole; all of them were durable. */
  readonly filePages: number
  readonly checksum: number
}

/** Writes what every page begins with. */
export function pageHeader(page: Buffer, fields: { number: number; transaction: number; flags: number }): void {
  page.writeUInt32LE(fields.number, pageNumberAt)
  page.writeUInt32LE(fields.transaction, pageTransactionAt)
  page.writeUInt16LE(fields.flags, pageFlagsAt)
}

/** The first page of a new file, as of no commit. */
export function emptyMeta(pageBytes: number): Buffer {
  return newMeta(pageBytes, 0)
}

/** The second page of a new file, as of its first commit: the main tree is one leaf, the page after it. */
export function rootedMeta(pageBytes: number, rows: number): Buffer {
  const page = newMeta(pageBytes, 1)
  page.writeUInt16LE(1, mainDepthAt)
  page.writeUInt32LE(1, mainLeafPagesAt)
  page.writeUInt32LE(rows, mainRowsAt)
  page.writeBigUInt64LE(2n, mainRootAt)
  page.writeUInt32LE(2, lastPageAt)
  page.writeUInt32LE(1, transactionAt)
  return page
}

function newMeta(pageBytes: number, number: 0 | 1): Buffer {
  const page = Buffer.alloc(pageBytes)
  pageHeader(page, { number, transaction: 0, flags: metaPage })
  page.writeUInt32LE(magic, magicAt)
  page.writeUInt32LE(version, versionAt)
  page.writeUInt32LE(3 * pageBytes, mapBytesAt)
  page.writeUInt32LE(pageBytes, pageBytesAt)
  page.writeUInt16LE(integerKeys, freeFlagsAt)
  page.writeBigUInt64LE(2n ** 64n - 1n, freeRootAt)
  page.writeBigUInt64LE(2n ** 64n - 1n, mainRootAt)
  page.writeUInt32LE(1, lastPageAt)
  return page
}

/** Why this cannot be a meta page of ours, whether or not LMDB would take it for one; undefined when it can. */
export function foreignMeta(page: Buffer): string | undefined {
  if (page.length < metaBytes || page.readUInt32LE(magicAt) !== magic || page.readUInt16LE(pageFlagsAt) !== metaPage) {
    return 'it does not begin like an LMDB file'
  }
  const found = page.readUInt32LE(versionAt)
  if (found !== version) return `its LMDB format has version ${found}, but this millrace reads ${version}`
  const pageBytes = pageBytesOf(page)
  if (pageBytes < 512 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0) {
    return `it says that its pages have ${pageBytes} bytes`
  }
  const flags = [page.readUInt16LE(freeFlagsAt), page.readUInt16LE(mainFlagsAt)] as const
  const isKnown = (flags[0] & kindFlags) === integerKeys && (flags[1] & kindFlags) === 0
  return isKnown ? undefined : `it has the flags ${flags.join(' and ')}`
}

export function pageBytesOf(page: Buffer): number {
  return page.readUInt32LE(pageBytesAt)
}

export function parseMeta(page: Buffer): MetaPage {
  return {
    transaction: uint64(page, transactionAt),
    freeRoot: uint64(page, freeRootAt),
    mainRoot: uint64(page, mainRootAt),
    lastPage: uint64(page, lastPageAt),
    checksum: crc32c(page.subarray(0, metaBytes)),
    seal: parseSeal(page),
  }
}

function parseSeal(page: Buffer): Seal | undefined {
  if (crc32c(page.subarray(sealAt, sealedAt)) !== page.readUInt32LE(sealedAt)) return undefined
  return {
    transaction: uint64(page, sealAt),
    filePages: uint64(page, sealAt + 8),
    checksum: page.readUInt32LE(sealAt + 16),
  }
}

/** Which of the two pages, which lie one after the other, LMDB takes for the newest; reads nothing else of them. */
export function newestSlotOf(pages: Buffer, pageBytes: number): 0 | 1 {
  return uint64(pages, transactionAt) >= uint64(pages, pageBytes + transactionAt) ? 0 : 1
}

/** The last page that a commit knows. */
export function lastPageOf(page: Buffer): number {
  return uint64(page, lastPageAt)
}

/** Makes the seal of a page, which belongs at its {@link sealAt}; false when the page has that seal already. */
export function makeSeal(seal: Buffer, page: Buffer, filePages: number): boolean {
  page.copy(seal, 0, transactionAt, transactionAt + 8)
  const pages = Math.min(filePages, lastPageOf(page) + 1)
  seal.writeUInt32LE(pages % 2 ** 32, 8)
  seal.writeUInt32LE(Math.floor(pages / 2 ** 32), 12)
  seal.writeUInt32LE(crc32c(page.subarray(0, metaBytes)), 16)
  const isThere = seal.compare(page, sealAt, sealedAt, 0, 16 + 4) === 0
  if (isThere && parseSeal(page) !== undefined) return false
  seal.writeUInt32LE(crc32c(seal.subarray(0, sealedAt - sealAt)), sealedAt - sealAt)
  return true
}

export function isSealed({ transaction, checksum, seal }: MetaPage): boolean {
  return seal !== undefined && seal.transaction === transaction && seal.checksum === checksum
}

/** Which of the two LMDB takes for the newest. */
export function newestSlot(metas: readonly [MetaPage, MetaPage]): 0 | 1 {
  return metas[0].transaction >= metas[1].transaction ? 0 : 1
}

/**
 * What is wrong with the two pages; undefined when the newest commit that was ever acknowledged is the one that LMDB
 * takes.
 *
 * A process that is killed, or loses power, between a commit and its seal leaves the newest page with an older seal:
 * {@link treeFault} then decides whether to believe it.
 */
export function metaFault(metas: readonly [MetaPage, MetaPage]): string | undefined {
  const slot = newestSlot(metas)
  const newest = metas[slot]
  const other = metas[slot === 0 ? 1 : 0]
  if (isEmpty(newest)) return isEmpty(other) ? undefined : 'its contents cannot be found'
  const isInWrongPage = newest.transaction % 2 !== slot || (!isEmpty(other) && other.transaction % 2 === slot)
  if (isInWrongPage) return 'a commit number is in the wrong page'
  const known = other.seal?.transaction ?? other.transaction
  if (known > newest.transaction) return `commit ${known} is missing`
  if (newest.seal !== undefined && newest.seal.transaction >= newest.transaction && !isSealed(newest)) {
    return `the page of commit ${newest.seal.transaction} was changed`
  }
  const isInOrder = isSealed(newest)
    ? other.seal !== undefined || other.transaction === newest.transaction - 1
    : Math.max(known, other.transaction) === newest.transaction - 1
  const isCopy = isEmpty(other) && (newest.seal === undefined || isSealed(newest))
  return isInOrder || isCopy ? undefined : `commit ${newest.transaction} does not follow the one before it`
}

/**
 * Checks that the trees of the newest commit begin where it says, with pages that it wrote itself.
 *
 * @param headerOf the first {@link pageHeaderBytes} of a page, as far as the file has them
 */
export function treeFault(
  metas: readonly [MetaPage, MetaPage],
  headerOf: (page: number) => Buffer,
): string | undefined {
  const slot = newestSlot(metas)
  const newest = metas[slot]
  if (isEmpty(newest)) return undefined
  const written = transactionOf(newest.mainRoot, headerOf)
  // Every commit writes the first pages of both trees, but for the first one, which frees no page. In a copy that LMDB
  // makes, every page is of commit 1, and none is free.
  const isCopy = written === 1 && isEmpty(metas[slot === 0 ? 1 : 0])
  const isWhole =
    (written === newest.transaction || isCopy) &&
    (newest.freeRoot === noRoot || transactionOf(newest.freeRoot, headerOf) === newest.transaction) &&
    Math.max(newest.mainRoot, newest.freeRoot % noRoot) <= newest.lastPage
  return isWhole ? undefined : `the trees of commit ${newest.transaction} do not begin where it says`
}

/**
 * Whether no commit has written it: so a new environment begins, and so does the first page of a copy that LMDB makes.
 */
function isEmpty({ transaction, mainRoot }: MetaPage): boolean {
  return transaction === 0 && mainRoot === noRoot
}

/** The commit that wrote a page of a tree; undefined where there is none. */
function transactionOf(root: number, headerOf: (page: number) => Buffer): number | undefined {
  const header = headerOf(root)
  const isThere =
    header.length === pageHeaderBytes &&
    uint64(header, pageNumberAt) === root &&
    (header.readUInt16LE(pageFlagsAt) & branchOrLeaf) !== 0
  return isThere ? uint64(header, pageTransactionAt) : undefined
}

/** Exact for every number that occurs; approximate for a larger one, which only damage makes. */
function uint64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at)
}
