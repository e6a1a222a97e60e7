/**
 * Standard Schema (https://standardschema.dev): any validator that keeps to it can stand in for the type of a value.
 */
import { type ByteWriter, equalBytes } from './bytes.ts'
import { MillraceError, messageOf } from './errors.ts'
import { Codec } from './serde.ts'

/** What {@link json} and {@link msgpack} take from zod, valibot, arktype …: a synchronous `validate`, and the types. */
export interface StandardSchema<Input = unknown, Output = unknown> {
  /** The properties of Standard Schema, version 1. */
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[] }

type SchemaTypes<S extends StandardSchema> = NonNullable<S['~standard']['types']>

/** What a schema's values are after validation. */
export type SchemaOutput<S extends StandardSchema> = SchemaTypes<S>['output']

/** A stored value is validated again when it is read, so what comes out of a schema must be something that goes in. */
export type OutputFitsInput<S extends StandardSchema> = SchemaTypes<S>['output'] extends SchemaTypes<S>['input']
  ? unknown
  : { readonly 'a schema whose output is not assignable to its input cannot read back what it wrote': never }

/**
 * Whether it is a schema; those of some libraries are functions.
 *
 * @throws MillraceError `bad_option` when it cannot be looked at
 */
export function isStandardSchema(what: string, value: object): value is StandardSchema {
  try {
    return '~standard' in Object(value)
  } catch (cause) {
    throw new MillraceError('bad_option', `${what} cannot look at what it is given: ${messageOf(cause)}`, { cause })
  }
}

/** A codec whose values are checked by a schema on the way in and out. */
export function validated(codec: Codec<unknown>, schema: StandardSchema): Codec<unknown> {
  return new ValidatedCodec(codec, schema)
}

class ValidatedCodec extends Codec<unknown> {
  readonly name: string
  readonly #codec: Codec<unknown>
  readonly #schema: StandardSchema

  constructor(codec: Codec<unknown>, schema: StandardSchema) {
    super()
    this.#codec = codec
    this.#schema = schema
    this.name = codec.name
  }

  override get format(): object {
    return this.#codec.format
  }

  /**
   * Writes what the schema makes of the value, after a check that reading it back through the schema does not change
   * it.
   */
  write(value: unknown, out: ByteWriter): void {
    const start = out.at
    const checked = this.#check(value)
    if (checked === null) throw new TypeError('the schema returned null, which only nullable() allows')
    this.#codec.write(checked, out)
    const end = out.at
    try {
      this.#codec.write(this.read(out.bytes, start, end), out)
    } catch (cause) {
      throw new TypeError(`the schema rejects its own result: ${messageOf(cause)}`, { cause })
    }
    const isSame = equalBytes(out.bytes, start, end, out.bytes, end, out.at)
    out.at = end
    if (!isSame)
      throw new TypeError('the schema changes its own result when it reads it, so the value cannot come back unchanged')
  }

  /** A null is left to `nullable`, as is one without bytes. */
  read(bytes: Buffer, start: number, end: number): unknown {
    const value = this.#codec.read(bytes, start, end)
    return value === null ? null : this.#check(value)
  }

  override isNull(bytes: Buffer, start: number, end: number): boolean {
    return this.#codec.isNull(bytes, start, end)
  }

  #check(value: unknown): unknown {
    const result = this.#schema['~standard'].validate(value)
    if (result instanceof Promise) {
      result.catch(() => undefined) // its answer comes too late to matter; the throw below says so
      throw new TypeError('the schema validates asynchronously; a serde needs a synchronous one')
    }
    if (result.issues === undefined) return result.value
    throw new TypeError(
      result.issues
        .map(({ message, path }) => (path?.length ? `${path.map(pathStep).join('.')}: ${message}` : message))
        .join('; '),
    )
  }
}

function pathStep(step: unknown): string {
  return String(typeof step === 'object' && step !== null && 'key' in step ? step.key : step)
}
