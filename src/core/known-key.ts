/**
 * The keys that a reader expects: records of a topic have the same ones in the same order, so a key is compared with
 * the bytes that followed last time, and hardly ever decoded.
 */

/** Dictionaries always bring new keys: this many are tried at one place, and this many are remembered in all. */
const siblingsMax = 8
export const knownKeysMax = 2_048

/** A key, and those that were seen after it. Without a key, what objects begin with. */
export class KnownKey {
  readonly key: string
  /** Everything between the value before it and its own. */
  readonly bytes: Buffer
  readonly sibling: KnownKey | undefined
  first: KnownKey | undefined = undefined
  nextCount = 0
  /** Where objects begin that are in its value, for a reader that tells them apart. */
  inner: KnownKey | undefined = undefined

  constructor(key: string = '', bytes: Buffer = Buffer.alloc(0), sibling?: KnownKey) {
    this.key = key
    this.bytes = bytes
    this.sibling = sibling
  }

  /** The key that is there, if it was seen after this one before. */
  next(bytes: Buffer, at: number): KnownKey | undefined {
    for (let next = this.first; next !== undefined; next = next.sibling) {
      const expected = next.bytes
      const { length } = expected
      let i = 0
      while (i < length && bytes[at + i] === expected[i]) i++
      if (i === length) return next
    }
    return undefined
  }

  get isFull(): boolean {
    return this.nextCount === siblingsMax
  }

  /** @param bytes are copied */
  learn(key: string, bytes: Uint8Array): KnownKey {
    this.nextCount++
    return (this.first = new KnownKey(key, Buffer.from(bytes), this.first))
  }
}
