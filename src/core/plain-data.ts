/**
 * The walk over a value that json() and msgpack() share: it writes plain data, reads each part once, and refuses the
 * rest, so that nothing is acknowledged that could not be given back.
 *
 * | value | json() | msgpack() |
 * |---|---|---|
 * | boolean, string, null inside a value | the same | the same; half a surrogate pair is refused |
 * | number | the same, -0 too; NaN and ±Infinity are refused | the same |
 * | bigint | refused | the same, from -2^63 to 2^64 - 1 |
 * | array | its elements; holes and other properties are refused | as in JSON |
 * | plain object, also one without a prototype | its enumerable properties, as a plain object | as in JSON |
 * | a property that is undefined | left out: absent and undefined are one | as in JSON |
 * | Date | refused | the same ms; an invalid one is refused |
 * | Uint8Array, Buffer | refused | the same bytes as a Uint8Array |
 * | other undefined, function, symbol (as a key too), Map, Set, RegExp, Error, boxed value, any other class | refused | refused |
 * | nested more than 500 deep, or refers to itself | refused | refused |
 *
 * Equal bytes are one key; the order of properties is part of the bytes.
 */
import type { ByteWriter } from './bytes.ts'
import { messageOf } from './errors.ts'

/** Far below what the stack holds, and far above what a record needs. */
const nestingMax = 500

/** Twice what any record may have: parts that a value shares many times over must not fill the memory. */
const encodedBytesMax = 2 ** 29

export abstract class PlainDataWriter {
  /** The format's name in messages. */
  protected abstract readonly format: string

  protected abstract null(out: ByteWriter): void
  protected abstract boolean(value: boolean, out: ByteWriter): void
  protected abstract number(value: number, out: ByteWriter): void
  protected abstract bigint(value: bigint, out: ByteWriter): void
  protected abstract text(value: string, out: ByteWriter): void
  /** Writes an object that is neither an array nor a plain object, if the format has a form for it. */
  protected abstract special(value: object, out: ByteWriter): boolean

  protected abstract beginList(length: number, out: ByteWriter): void
  protected abstract beforeItem(index: number, out: ByteWriter): void
  protected abstract endList(out: ByteWriter): void

  /** Begins an object of up to `sizeMax` properties. */
  protected abstract beginMap(sizeMax: number, out: ByteWriter): void
  protected abstract key(key: string, index: number, out: ByteWriter): void
  /** Ends the object that began at `start` and has `size` properties. */
  protected abstract endMap(start: number, sizeMax: number, size: number, out: ByteWriter): void

  /**
   * Appends the value.
   *
   * @throws TypeError that names the place inside the value
   */
  write(value: unknown, out: ByteWriter): void {
    try {
      this.#any(value, out, 0)
    } catch (error) {
      throw error instanceof Misfit ? error.described() : error
    }
  }

  protected refuse(what: string): never {
    throw new TypeError(`${what} cannot be written as ${this.format}`)
  }

  #any(value: unknown, out: ByteWriter, depth: number): void {
    switch (typeof value) {
      case 'string':
        return this.text(value, out)
      case 'number':
        return this.number(value, out)
      case 'object':
        return value === null ? this.null(out) : this.#object(value, out, depth)
      case 'boolean':
        return this.boolean(value, out)
      case 'bigint':
        return this.bigint(value, out)
      case 'undefined':
        return this.refuse('undefined')
      default:
        return this.refuse(`a ${typeof value}`)
    }
  }

  #object(value: object, out: ByteWriter, depth: number): void {
    if (depth === nestingMax)
      throw new TypeError(`the value is nested more than ${nestingMax} deep, or refers to itself`)
    if (out.at > encodedBytesMax) throw new TypeError(`the value has more than ${encodedBytesMax} bytes`)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) this.#map(value as PlainObject, out, depth)
    else if (Array.isArray(value) && Array.isArray(prototype)) this.#list(value, out, depth)
    else if (isObjectPrototype(prototype)) this.#map(value as PlainObject, out, depth)
    else if (!this.special(value, out)) this.refuse(`an object of ${classOf(prototype)}`)
  }

  #list(list: readonly unknown[], out: ByteWriter, depth: number): void {
    const { length } = list
    if (Object.keys(list).length !== length) this.refuse('an array with holes or extra properties')
    this.#refuseSymbols(list)
    this.beginList(length, out)
    let index = 0
    try {
      for (; index < length; index++) {
        this.beforeItem(index, out)
        this.#any(list[index], out, depth + 1)
      }
    } catch (error) {
      throw within(index, error)
    }
    this.endList(out)
  }

  #map(map: PlainObject, out: ByteWriter, depth: number): void {
    const keys = Object.keys(map)
    this.#refuseSymbols(map)
    const start = out.at
    const sizeMax = keys.length
    this.beginMap(sizeMax, out)
    let size = 0
    let key = ''
    try {
      for (let i = 0; i < sizeMax; i++) {
        key = keys[i] as string
        const value = map[key]
        if (value === undefined) continue
        this.key(key, size++, out)
        this.#any(value, out, depth + 1)
      }
    } catch (error) {
      throw within(key, error)
    }
    this.endMap(start, sizeMax, size, out)
  }

  #refuseSymbols(value: object): void {
    if (Object.getOwnPropertySymbols(value).length > 0) this.refuse('a symbol as a key')
  }
}

type PlainObject = Readonly<Record<string, unknown>>

/** Carries the path to the part that was refused, from the inside out. */
class Misfit extends Error {
  readonly steps: (string | number)[] = []

  described(): TypeError {
    const steps = this.steps.toReversed().map(stepText)
    if (steps.length > 12) steps.splice(6, steps.length - 12, '…')
    return new TypeError(`${steps.join('').replace(/^\./, '')}: ${this.message}`, { cause: this.cause })
  }
}

function within(step: string | number, error: unknown): Misfit {
  const misfit = error instanceof Misfit ? error : new Misfit(messageOf(error), { cause: error })
  misfit.steps.push(step)
  return misfit
}

function stepText(step: string | number): string {
  if (typeof step === 'number') return `[${step}]`
  return /^[A-Za-z_$][\w$]{0,63}$/.test(step) ? `.${step}` : `[${JSON.stringify(step.slice(0, 64))}]`
}

/** Whether it is the Object.prototype of this or of another realm. */
function isObjectPrototype(prototype: unknown): boolean {
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, 'isPrototypeOf')
  )
}

function classOf(prototype: unknown): string {
  const { constructor: made } = prototype as { readonly constructor?: unknown }
  return typeof made === 'function' && made.name !== '' ? `class ${made.name}` : 'a class without a name'
}
