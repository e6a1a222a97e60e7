/**
 * Any value as text that is equal for equal values, and differs where only an order does: of the members of a Set, or
 * of the keys of an object. Whatever the value does, it never throws.
 */
import { shown } from '../core/shown.ts'

/** Deeper than records are, and far from the end of the stack. */
const depthMax = 200

export function shapeOf(value: unknown): string {
  try {
    return textOf(value, 0)
  } catch {
    return 'a value that throws when it is looked at'
  }
}

function textOf(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'bigint':
      return `${value}n`
    case 'object':
      return value === null ? 'null' : objectText(value, depth)
    case 'symbol':
    case 'function':
      return shown(value)
    default:
      return String(value)
  }
}

function objectText(value: object, depth: number): string {
  if (depth > depthMax) return '…'
  const inner = (part: unknown): string => textOf(part, depth + 1)
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`
  if (value instanceof Date) return `Date ${value.getTime()}`
  if (Array.isArray(value)) return `[${value.map(inner).join(',')}]`
  if (value instanceof Set) return `Set{${Array.from(value, inner).join(',')}}`
  if (value instanceof Map)
    return `Map{${Array.from(value, ([key, part]) => `${inner(key)}=>${inner(part)}`).join(',')}}`
  const fields = Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}:${inner(part)}`)
  return `{${fields.join(',')}}`
}
