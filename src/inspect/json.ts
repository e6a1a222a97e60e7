/**
 * Any value that millrace hands out, as one line of JSON.
 */

/** Without a line break in it. Bytes become text where they are UTF-8, else `{ "hex": … }`; a bigint its digits. */
export function json(value: unknown): string {
  return JSON.stringify(plain(value))
}

/** What JSON has no form for, in the form of the command. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return textOf(value) ?? { hex: hexOf(value) }
  if (value instanceof Date) return value.getTime()
  if (Array.isArray(value)) return value.map(plain)
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]))
}

const strictText = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Undefined for bytes that are not UTF-8. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return strictText.decode(bytes)
  } catch {
    return undefined
  }
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
