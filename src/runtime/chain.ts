/**
 * Things in the order in which they came, each of which may leave at any time.
 *
 * A Set does the same, but costs the garbage collector more than what is in it: while things come at one end and leave
 * at the other it is rebuilt again and again, and each one that has grown old keeps all that came after it.
 */

/** The place of a thing in a chain. */
export class Link<T> {
  readonly item: T
  before: Link<T> | undefined
  after: Link<T> | undefined = undefined

  constructor(item: T, before: Link<T> | undefined) {
    this.item = item
    this.before = before
  }
}

export class Chain<T> {
  size = 0
  #first: Link<T> | undefined
  #last: Link<T> | undefined

  get first(): T | undefined {
    return this.#first?.item
  }

  /** Comes last. */
  add(item: T): Link<T> {
    const link = new Link(item, this.#last)
    if (this.#last === undefined) this.#first = link
    else this.#last.after = link
    this.#last = link
    this.size++
    return link
  }

  /** Leaves; only what is here. */
  remove(link: Link<T>): void {
    const { before, after } = link
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
    // A link that has grown old must keep nothing.
    link.before = link.after = undefined
    this.size--
  }

  /** Takes the first. */
  shift(): T | undefined {
    const first = this.#first
    if (first !== undefined) this.remove(first)
    return first?.item
  }

  /** Takes the last. */
  pop(): T | undefined {
    const last = this.#last
    if (last !== undefined) this.remove(last)
    return last?.item
  }

  clear(): void {
    while (this.shift() !== undefined);
  }

  /** From the last to the first. None may leave meanwhile. */
  *backwards(): Generator<T, undefined> {
    for (let link = this.#last; link !== undefined; link = link.before) yield link.item
  }

  /** None may leave meanwhile. */
  *[Symbol.iterator](): Generator<T, undefined> {
    for (let link = this.#first; link !== undefined; link = link.after) yield link.item
  }
}
