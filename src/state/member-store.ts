/**
 * A store of pairs: which members each group has, such as which left rows name which right row in a join by foreign
 * key. A group that was read once is known as long as it fits into memory. Then nothing of it is read from the disk,
 * whether a member is there or not.
 */
import { assert } from '../core/assert.ts'
import { ByteWriter, writeInt64 } from '../core/bytes.ts'
import { MillraceError, messageOf } from '../core/errors.ts'
import type { Codec } from '../core/serde.ts'
import { appendBytesOfText, bytesAsText } from '../core/text.ts'
import { TupleCodec } from '../core/tuple-codec.ts'
import { dueRowsMax, type MemberStore, type Pair } from '../plan/store.ts'
import { afterPrefix } from '../storage/keys.ts'
import type { StateWriter, StoredRow } from '../storage/state-rows.ts'
import { type KeyLayout, keyLayoutOf } from './layout.ts'
import { Member, MemberGroup } from './member-group.ts'
import { PagedRows } from './paged-rows.ts'
import { RowCache } from './row-cache.ts'
import type { ChangedRow, CommittableStore, StoreGround } from './turn-store.ts'

const scratch = new ByteWriter(256)
/** A row is the time of its change, and no value. */
const stored = Buffer.alloc(8)

export class MemberTurnStore implements MemberStore, CommittableStore {
  lookups = 0
  misses = 0
  readonly #ground: StoreGround
  readonly #layout: KeyLayout
  readonly #pairs: TupleCodec
  readonly #groupCodec: Codec<unknown>
  readonly #memberCodec: Codec<unknown>
  readonly #groups = new RowCache<MemberGroup>()
  #dirty: Member[] = []

  constructor(ground: StoreGround) {
    const { keyCodec, layout } = ground.spec
    assert(keyCodec instanceof TupleCodec, 'the keys of a store of members are pairs')
    const [groupCodec, memberCodec] = keyCodec.parts
    assert(groupCodec !== undefined && memberCodec !== undefined, 'a pair has two parts')
    this.#ground = ground
    this.#layout = keyLayoutOf(layout)
    this.#pairs = keyCodec
    this.#groupCodec = groupCodec
    this.#memberCodec = memberCodec
  }

  join(group: unknown, key: unknown, timestamp: number, isNew: boolean): void {
    const own = this.#group(group)
    const name = identityOf(this.#memberCodec, key)
    if (!isNew) this.lookups++
    const member = own.find(name) ?? this.#add(own, name, key, !isNew && !own.isWhole && this.#isStored(own, key))
    if (member.exists) return
    this.#change(member)
    member.exists = true
    member.timestamp = timestamp
  }

  leave(group: unknown, key: unknown): void {
    const own = this.#group(group)
    const name = identityOf(this.#memberCodec, key)
    this.lookups++
    let member = own.find(name)
    if (member === undefined) {
      if (own.isWhole) return
      // It is removed unread, whether it is there or not.
      member = this.#add(own, name, key, true)
      member.isKnown = false
    }
    if (!member.exists) return
    this.#change(member)
    member.exists = false
    member.isKnown = true
  }

  members(group: unknown): readonly Pair[] | undefined {
    const own = this.#group(group)
    this.lookups++
    if (!own.isWhole && !this.#read(own)) return undefined
    const found = own.inOrder(this.#ground.turn.number)
    return found.length > dueRowsMax ? undefined : found
  }

  *pairs(group: unknown, from?: Uint8Array): Generator<Pair, undefined> {
    const own = this.#group(group)
    const start = from === undefined ? bytesOf(own.prefix) : Buffer.from(from)
    const startText = textOf(start)
    const inMemory = own.inOrder(this.#ground.turn.number).filter(({ text }) => text >= startText)
    const span = { from: start, to: own.isWhole ? start : afterPrefix(bytesOf(own.prefix)) }
    const pages = new PagedRows(this.#ground, span, false)
    for (let at = 0; ;) {
      const member = inMemory[at]
      const row = pages.head
      if (row !== undefined && (member === undefined || textOf(row.key) < member.text)) {
        pages.advance()
        const key = own.memberOf(row.key)
        // For a member that is known in memory, memory says whether it is there.
        if (own.find(this.#memberCodec.identity(key)) === undefined) yield { member: key, keyBytes: row.key }
      } else if (member === undefined) {
        return
      } else {
        at++
        yield member
      }
    }
  }

  #group(key: unknown): MemberGroup {
    const identity = identityOf(this.#groupCodec, key)
    const known = this.#groups.get(0, identity)
    if (known !== undefined) return known
    this.#write(0, key)
    const made = new MemberGroup(identity, bytesAsText(scratch.bytes, 0, scratch.at), this.#pairs)
    this.#groups.add(made)
    return made
  }

  /** Leaves the part of a pair in the scratch. */
  #write(part: 0 | 1, key: unknown): void {
    scratch.at = 0
    try {
      this.#pairs.writePart(part, key, scratch)
    } catch (cause) {
      throw encodeFailed(this.#pairs.name, cause)
    }
  }

  #isStored(group: MemberGroup, key: unknown): boolean {
    this.misses++
    const { reader, storeId, partition } = this.#ground
    return reader.get(storeId, partition, bytesOf(group.textOf(key))) !== undefined
  }

  #add(group: MemberGroup, name: string | number, key: unknown, isStored: boolean): Member {
    this.#write(1, key)
    this.#layout.checkLength(this.#ground.spec.name, scratch.bytes, group.prefix.length + scratch.at)
    const { immutable } = this.#memberCodec
    const text = immutable ? undefined : group.prefix + bytesAsText(scratch.bytes, 0, scratch.at)
    return this.#enter(new Member(group, name, immutable ? key : undefined, isStored, text))
  }

  #enter(member: Member): Member {
    member.group.add(member, this.#ground.turn.number)
    this.#groups.recount(member.group)
    return member
  }

  /** Makes the group whole; false of one that is too large. */
  #read(group: MemberGroup): boolean {
    this.misses++
    const { reader, storeId, partition } = this.#ground
    const from = bytesOf(group.prefix)
    const rows: StoredRow[] = reader.range(storeId, partition, from, afterPrefix(from), dueRowsMax + 1)
    if (rows.length > dueRowsMax) return false
    const { immutable } = this.#memberCodec
    const isFirst = group.size === 0
    for (const { key } of rows) {
      const member = group.memberOf(key)
      const name = this.#memberCodec.identity(member)
      const known = group.find(name)
      if (known !== undefined) {
        known.wasFound()
        continue
      }
      const made = immutable
        ? new Member(group, name, member, true)
        : new Member(group, name, undefined, true, textOf(key))
      this.#enter(made)
    }
    group.complete(isFirst)
    return true
  }

  #change(member: Member): void {
    const { turn } = this.#ground
    if (member.turn !== turn.number) {
      member.save()
      turn.touch(member)
    }
    if (member.isDirty) return
    member.isDirty = true
    this.#dirty.push(member)
  }

  get changedRows(): number {
    return this.#dirty.length
  }

  get found(): number {
    return this.#groups.found
  }

  get notFound(): number {
    return this.#groups.notFound
  }

  get memoryBytes(): number {
    return this.#groups.bytes
  }

  write(writer: StateWriter): void {
    const { storeId, partition } = this.#ground
    for (const member of this.#dirty) {
      if (!member.isKnown || (!member.exists && !member.isStored)) continue
      scratch.at = 0
      appendBytesOfText(member.text, scratch)
      if (!member.exists) {
        writer.remove(storeId, partition, scratch.written)
        continue
      }
      writeInt64(stored, 0, member.timestamp)
      writer.put(storeId, partition, scratch.written, stored)
    }
  }

  changed(): ChangedRow[] {
    assert(false, 'a store of members is its operator’s own, so no one watches it')
  }

  committed(): void {
    for (const member of this.#dirty) {
      member.isDirty = false
      member.isStored = member.exists
      const { group } = member
      if (group.size > dueRowsMax) group.forget()
      this.#groups.recount(group)
    }
    this.#dirty = []
    this.#groups.committed()
  }

  age(): void {
    this.#groups.age()
  }

  forget(): boolean {
    return false
  }
}

/** @throws MillraceError `encode_failed` */
function identityOf(codec: Codec<unknown>, key: unknown): string | number {
  try {
    return codec.identity(key)
  } catch (cause) {
    throw encodeFailed(codec.name, cause)
  }
}

function encodeFailed(name: string, cause: unknown): MillraceError {
  return new MillraceError('encode_failed', `cannot encode the key with ${name}: ${messageOf(cause)}`, { cause })
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

function textOf(bytes: Buffer): string {
  return bytesAsText(bytes, 0, bytes.length)
}
