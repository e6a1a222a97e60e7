// What "comes back" means for json() and msgpack(), said a second time and independently of how they write.

/** Whether `back` is the plain data that `given` is: the same parts, of the same types, in the same places. */
export function isSameData(given: unknown, back: unknown): boolean {
  if (typeof given !== 'object' || given === null) return Object.is(given, back) && isPlainScalar(given)
  if (typeof back !== 'object' || back === null) return false
  if (given instanceof Uint8Array) return back instanceof Uint8Array && Buffer.compare(given, back) === 0
  if (given instanceof Date) return back instanceof Date && Object.is(given.getTime(), back.getTime())
  const prototype: unknown = Object.getPrototypeOf(given)
  if (Array.isArray(given)) {
    return (
      Array.isArray(back) &&
      prototype === Array.prototype &&
      given.length === back.length &&
      isSameKeys(Reflect.ownKeys(given), Reflect.ownKeys(back)) &&
      given.every((item, index) => isSameData(item, back[index]))
    )
  }
  if ((prototype !== Object.prototype && prototype !== null) || Object.getPrototypeOf(back) !== Object.prototype)
    return false
  const [left, right] = [given, back] as [Record<PropertyKey, unknown>, Record<PropertyKey, unknown>]
  const keys = Reflect.ownKeys(left).filter((key) => Object.prototype.propertyIsEnumerable.call(left, key))
  const defined = keys.filter((key) => left[key] !== undefined)
  const backKeys = Reflect.ownKeys(right).filter((key) => right[key] !== undefined)
  return isSameKeys(defined, backKeys) && defined.every((key) => isSameData(left[key], right[key]))
}

function isSameKeys(left: readonly PropertyKey[], right: readonly PropertyKey[]): boolean {
  return left.length === right.length && left.every((key) => right.includes(key))
}

function isPlainScalar(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean', 'bigint'].includes(typeof value)
}
