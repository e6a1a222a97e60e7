// Reads JSON so strictly that nothing in it can go unnoticed: a field that nobody asks for is an error.

/** The case itself is wrong, not what it tests. */
export class CaseError extends Error {
  override readonly name = 'CaseError'
}

/** What was thrown, or a cause of it, when it says that the case is wrong. */
export function caseErrorIn(error: unknown): CaseError | undefined {
  if (error instanceof CaseError) return error
  return error instanceof Error && error.cause !== undefined ? caseErrorIn(error.cause) : undefined
}

export type Reader<T> = (value: unknown, where: string) => T

export const json = (value: unknown): string => JSON.stringify(value) ?? 'nothing'

function wrong(value: unknown, where: string, expected: string): CaseError {
  return new CaseError(`${where}: expected ${expected}, got ${json(value)}`)
}

/** A JSON object, read field by field. {@link end} says whether something was left unread. */
export class Fields {
  readonly #where: string
  readonly #value: Readonly<Record<string, unknown>>
  readonly #unread: Set<string>

  constructor(value: unknown, where: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(value, where, 'an object')
    this.#where = where
    this.#value = value as Readonly<Record<string, unknown>>
    this.#unread = new Set(Object.keys(value))
  }

  has(name: string): boolean {
    return this.#value[name] !== undefined
  }

  need<T>(name: string, read: Reader<T>): T {
    if (!this.has(name)) throw new CaseError(`${this.#where}: needs the field "${name}"`)
    this.#unread.delete(name)
    return read(this.#value[name], `${this.#where}.${name}`)
  }

  may<T>(name: string, read: Reader<T>): T | undefined {
    return this.has(name) ? this.need(name, read) : undefined
  }

  end(): void {
    const [name] = this.#unread
    if (name !== undefined) throw new CaseError(`${this.#where}: unknown field "${name}"`)
  }
}

export const text: Reader<string> = (value, where) => {
  if (typeof value === 'string' && value !== '') return value
  throw wrong(value, where, 'a string')
}

export const whole: Reader<number> = (value, where) => {
  if (Number.isSafeInteger(value)) return value as number
  throw wrong(value, where, 'a whole number')
}

export const yes: Reader<true> = (value, where) => {
  if (value === true) return value
  throw wrong(value, where, 'true')
}

/** Anything, for a field that is looked at elsewhere. */
export const anything: Reader<unknown> = (value) => value

export function oneOf<T extends string>(...allowed: readonly T[]): Reader<T> {
  return (value, where) => {
    if (allowed.includes(value as T)) return value as T
    throw wrong(value, where, `one of ${allowed.join(', ')}`)
  }
}

export function orNull<T>(read: Reader<T>): Reader<T | null> {
  return (value, where) => (value === null ? null : read(value, where))
}

export function listOf<T>(read: Reader<T>): Reader<readonly T[]> {
  return (value, where) => {
    if (!Array.isArray(value)) throw wrong(value, where, 'a list')
    return value.map((item, index) => read(item, `${where}[${index}]`))
  }
}

export function mapOf<T>(read: Reader<T>): Reader<ReadonlyMap<string, T>> {
  return (value, where) => {
    const fields = new Fields(value, where)
    return new Map(Object.keys(value as object).map((name) => [name, fields.need(name, read)]))
  }
}

/** An object of which every field must be read. */
export function objectOf<T>(read: (fields: Fields, where: string) => T): Reader<T> {
  return (value, where) => {
    const fields = new Fields(value, where)
    const result = read(fields, where)
    fields.end()
    return result
  }
}
