// The pages of a data file, as LMDB uses them in its newest commit: so that damage can be aimed, and told by where it was.

export type PageKind = 'meta' | 'branch' | 'leaf' | 'overflow' | 'free'

export interface Page {
  readonly kind: PageKind
  /** Whose page it is: `batches`, `free list`, `names`; nothing for a page that is not in use. */
  readonly database: string
  /** Where the bytes end that say where something is: the head, the pointers, or all of a page that has only those. */
  readonly headEnd: number
  /** Where nodes begin. */
  readonly nodes: readonly number[]
  /** Whose root a node of `names` holds, in the order of {@link nodes}. */
  readonly names: readonly string[]
}

export const pageBytes = 16_384
const headBytes = 24
const metaAt = headBytes
const freeRootAt = metaAt + 24 + 40
const namesRootAt = metaAt + 24 + 48 + 40
const transactionAt = metaAt + 24 + 96 + 8
const nodeHeadBytes = 8
const [isBranch, isBigData, isDatabase] = [1, 1, 2]

/** Every page of a file, by its number. */
export function pagesOf(file: Buffer): readonly Page[] {
  const pages: Page[] = Array.from({ length: Math.floor(file.length / pageBytes) }, (_, number) => ({
    kind: number < 2 ? 'meta' : 'free',
    database: '',
    headEnd: number < 2 ? transactionAt + 16 : headBytes,
    nodes: [],
    names: [],
  }))
  const [first, second] = [0, pageBytes]
  const isFirst = numberAt(file, first + transactionAt) > numberAt(file, second + transactionAt)
  const meta = isFirst ? first : second
  walk(numberAt(file, meta + freeRootAt), 'free list')
  walk(numberAt(file, meta + namesRootAt), 'names')
  return pages

  function walk(number: number, database: string): void {
    const start = number * pageBytes
    if (number >= pages.length) return // no root: nothing is in it
    const isOfBranches = (file.readUInt16LE(start + 18) & isBranch) !== 0
    const headEnd = headBytes + file.readUInt16LE(start + 20)
    const nodes: number[] = []
    for (let at = headBytes; at < headEnd; at += 2) nodes.push(headBytes + file.readUInt16LE(start + at))
    const names: string[] = []
    pages[number] = { kind: isOfBranches ? 'branch' : 'leaf', database, headEnd, nodes, names }
    for (const node of nodes) {
      const at = start + node
      const flags = file.readUInt16LE(at + 4)
      const keyEnd = at + nodeHeadBytes + file.readUInt16LE(at + 6)
      if (isOfBranches) {
        walk(file.readUInt32LE(at) + flags * 2 ** 32, database)
      } else if ((flags & isDatabase) !== 0) {
        const name = file.toString('utf8', at + nodeHeadBytes, keyEnd).replace('\0', '')
        names.push(name)
        walk(numberAt(file, keyEnd + 40), name)
      } else if ((flags & isBigData) !== 0) {
        const first = numberAt(file, keyEnd)
        const count = file.readUInt32LE(first * pageBytes + 20)
        for (let page = first; page < first + count; page++) {
          pages[page] = { kind: 'overflow', database, headEnd: page === first ? headBytes : 0, nodes: [], names: [] }
        }
      }
    }
  }
}

/** What a byte of a file is: `head of a leaf of batches`. */
export function placeOf(pages: readonly Page[], at: number): string {
  const page = pages[Math.floor(at / pageBytes)]
  if (page === undefined) return 'end'
  const within = at % pageBytes
  const { kind, database, headEnd, nodes } = page
  if (kind === 'free') return 'a page that is not in use'
  if (kind === 'meta') return within < headEnd ? 'a meta page' : 'the unused part of a meta page'
  const isNodeHead = nodes.some((node) => within >= node && within < node + nodeHeadBytes)
  const part = within < headEnd ? 'head' : isNodeHead ? 'node' : 'content'
  const [node] = nodes.filter((start) => start <= within).toSorted((one, other) => other - one)
  const name = part === 'head' || node === undefined ? undefined : page.names[nodes.indexOf(node)]
  return `${part} of a ${kind} page of ${name === undefined ? '' : 'the root of '}${name ?? database}`
}

function numberAt(file: Buffer, at: number): number {
  return Number(file.readBigUInt64LE(at))
}
