// What rot does to a file: a bit flips, a byte changes, a block of the disk is zeros, the end is missing.
import type { Random } from '../crash/random.ts'
import { type Page, pageBytes } from './pages.ts'

export type Damage =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'byte'; readonly at: number; readonly value: number }
  | { readonly kind: 'zero'; readonly at: number }
  | { readonly kind: 'cut'; readonly at: number }

const blockBytes = 4_096

/** Most of it is aimed at what says where something is: there a bit does most. */
export function chooseDamage(random: Random, file: Buffer, pages: readonly Page[]): Damage {
  const share = random.next()
  if (share < 0.03) return { kind: 'cut', at: random.int(0, file.length - 1) }
  if (share < 0.1) return { kind: 'zero', at: random.int(0, file.length / blockBytes - 1) * blockBytes }
  const at =
    share < 0.55 ? structureAt(random, pages) : share < 0.85 ? usedAt(random, pages) : random.int(0, file.length - 1)
  if (share < 0.3) return { kind: 'byte', at, value: ((file[at] ?? 0) + random.int(1, 255)) & 255 }
  return { kind: 'flip', at, bit: random.int(0, 7) }
}

/** A byte of the head, the pointers or the nodes of a page in use: sizes, flags, places, keys. */
function structureAt(random: Random, pages: readonly Page[]): number {
  const number = usedPage(random, pages)
  const { headEnd, nodes } = pages[number] as Page
  if (nodes.length === 0 || random.chance(0.4)) return number * pageBytes + random.int(0, Math.max(headEnd, 24) - 1)
  const keyBytes = 24
  return number * pageBytes + Math.min(random.pick(nodes) + random.int(0, keyBytes - 1), pageBytes - 1)
}

function usedAt(random: Random, pages: readonly Page[]): number {
  const number = usedPage(random, pages)
  const { nodes } = pages[number] as Page
  return number * pageBytes + random.int(nodes.length === 0 ? 0 : Math.min(...nodes), pageBytes - 1)
}

function usedPage(random: Random, pages: readonly Page[]): number {
  for (;;) {
    const number = random.int(0, pages.length - 1)
    if (pages[number]?.kind !== 'free') return number
  }
}

/** A copy of the file with the damage. */
export function damagedCopy(file: Buffer, damage: Damage): Buffer {
  if (damage.kind === 'cut') return file.subarray(0, damage.at)
  const copy = Buffer.from(file)
  if (damage.kind === 'flip') copy[damage.at] = (copy[damage.at] ?? 0) ^ (1 << damage.bit)
  else if (damage.kind === 'byte') copy[damage.at] = damage.value
  else copy.fill(0, damage.at, damage.at + blockBytes)
  return copy
}

/** `flip@1234.5`, `byte@1234=255`, `zero@4096`, `cut@1234`: as the command line takes it. */
export function damageText(damage: Damage): string {
  const { kind, at } = damage
  return `${kind}@${at}${damage.kind === 'flip' ? `.${damage.bit}` : damage.kind === 'byte' ? `=${damage.value}` : ''}`
}

/** Undefined when the text says no damage. */
export function parseDamage(text: string): Damage | undefined {
  const [, kind, at, bit, value] = /^(flip|byte|zero|cut)@(\d+)(?:\.([0-7])|=(\d{1,3}))?$/.exec(text) ?? []
  if (at === undefined) return undefined
  if (kind === 'flip' && bit !== undefined) return { kind, at: Number(at), bit: Number(bit) }
  if (kind === 'byte' && value !== undefined) return { kind, at: Number(at), value: Number(value) }
  if (kind === 'zero' || kind === 'cut') return { kind, at: Number(at) }
  return undefined
}
