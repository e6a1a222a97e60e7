/**
 * What is in memory of one group of a member store: the members that have changed since the last commit, and others;
 * all of them if the group is whole.
 *
 * Members are found by their identity (`Codec.identity`), so one that comes and goes between two commits needs no
 * bytes. Bytes are made when members are written, or when several are asked for in order.
 */
import { ByteWriter } from '../core/bytes.ts'
import { bytesAsText } from '../core/text.ts'
import type { TupleCodec } from '../core/tuple-codec.ts'
import type { Pair } from '../plan/store.ts'
import type { Revertible } from '../plan/turn.ts'

/** What a group and a member take in memory, roughly, with their places in Maps and lists. */
const groupBytes = 260
const memberBytes = 170
const indexedBytes = 45
/** In a larger group a Map is faster than trying one member after the other. */
const triedMax = 16
/** Members that are gone are dropped when a group has twice as many as were kept the last time, and this many. */
const goneMin = 4

const scratch = new ByteWriter(256)

export class Member implements Pair, Revertible {
  readonly group: MemberGroup
  readonly name: string | number
  exists: boolean
  /** Whether the last commit has it, or may have it. */
  isStored: boolean
  /** False again when a turn that removed it unread is undone. */
  isKnown = true
  timestamp = -1
  isDirty = false
  turn = -1
  #savedExists = false
  #savedIsKnown = true
  /** Undefined if a caller could change it in place: then it is decoded each time that it is asked for. */
  readonly #key: unknown
  #text: string | undefined

  constructor(group: MemberGroup, name: string | number, key: unknown, isStored: boolean, text?: string) {
    this.group = group
    this.name = name
    this.#key = key
    this.exists = this.isStored = isStored
    this.#text = text
  }

  save(): void {
    this.#savedExists = this.exists
    this.#savedIsKnown = this.isKnown
  }

  /** The disk has it, which the turn has removed unseen: it is known when the turn is undone. */
  wasFound(): void {
    this.#savedIsKnown = true
  }

  revert(): void {
    this.exists = this.#savedExists
    this.isKnown = this.#savedIsKnown
  }

  /** The key of the pair, one character for each byte. */
  get text(): string {
    return (this.#text ??= this.group.textOf(this.#key))
  }

  get keyBytes(): Buffer {
    return Buffer.from(this.text, 'latin1')
  }

  get member(): unknown {
    return this.#key === undefined ? this.group.memberOf(this.keyBytes) : this.#key
  }
}

export class MemberGroup {
  readonly front = 0
  readonly identity: string | number
  /** What the keys of its pairs begin with, one character for each byte. */
  readonly prefix: string
  /** Whether there are no members but those that are known. */
  isWhole = false
  countedBytes = 0
  usedIn = -1
  readonly #pairs: TupleCodec
  #members: Member[] = []
  #byName: Map<string | number, Member> | undefined
  #isSorted = true
  #tidyAt = goneMin

  constructor(identity: string | number, prefix: string, pairs: TupleCodec) {
    this.identity = identity
    this.prefix = prefix
    this.#pairs = pairs
  }

  get memoryBytes(): number {
    const bytesOfEach = this.#byName === undefined ? memberBytes : memberBytes + indexedBytes
    return groupBytes + this.prefix.length + this.#members.length * bytesOfEach
  }

  /** How many members are known, some of which may be gone. */
  get size(): number {
    return this.#members.length
  }

  textOf(key: unknown): string {
    scratch.at = 0
    this.#pairs.writePart(1, key, scratch)
    return this.prefix + bytesAsText(scratch.bytes, 0, scratch.at)
  }

  memberOf(pair: Buffer): unknown {
    return this.#pairs.read(pair, 0, pair.length)[1]
  }

  /** Undefined of one that is not known. */
  find(name: string | number): Member | undefined {
    if (this.#byName !== undefined) return known(this.#byName.get(name))
    for (const member of this.#members) if (member.name === name && member.isKnown) return member
    return undefined
  }

  /** All members are known now. */
  complete(areInOrder: boolean): void {
    this.isWhole = true
    if (areInOrder) this.#isSorted = true
  }

  add(member: Member, turn: number): void {
    if (this.#members.length >= this.#tidyAt) this.#tidy(turn)
    // An empty list would grow to room for 17, and most groups may have one member.
    if (this.#members.length === 0) this.#members = [member]
    else this.#members.push(member)
    this.#isSorted = this.#members.length === 1
    if (this.#byName !== undefined) this.#byName.set(member.name, member)
    else if (this.#members.length > triedMax) this.#index()
  }

  #index(): void {
    this.#byName = new Map(this.#members.filter(({ isKnown }) => isKnown).map((member) => [member.name, member]))
  }

  /** Drops members that are gone, unless a commit has yet to remove them or undoing the turn can bring them back. */
  #tidy(turn: number): void {
    const members = this.#members
    let kept = 0
    for (const member of members) {
      const matters = member.isKnown && (member.exists || (member.isDirty && member.isStored))
      if (matters || member.turn === turn) members[kept++] = member
    }
    if (kept < members.length) this.#byName = undefined
    members.length = kept
    if (kept > triedMax) this.#index()
    this.#tidyAt = 2 * kept + goneMin
  }

  /** Those that are there, in the order of their bytes. */
  inOrder(turn: number): readonly Member[] {
    if (!this.#isSorted) {
      this.#tidy(turn)
      if (this.#members.length > 1) this.#members.sort(byText)
      this.#isSorted = true
    }
    const found: Member[] = []
    for (const member of this.#members) if (member.exists && member.isKnown) found.push(member)
    return found
  }

  /** Right after a commit: forgets all members, because they take too much memory. */
  forget(): void {
    this.#members = []
    this.#byName = undefined
    this.isWhole = false
  }
}

function known(member: Member | undefined): Member | undefined {
  return member?.isKnown === true ? member : undefined
}

function byText(one: Member, other: Member): number {
  return one.text < other.text ? -1 : 1
}
