/**
 * What `split` takes and returns: the names of the branches are the fields of both.
 */
import type { StreamRecord } from '../../core/record.ts'
import type { Others, Predicate } from './functions.ts'
import type { KnownSerdes } from './known.ts'
import type { KStream } from './stream.ts'

/** The branches of a `split` by name: what each wants, or `'default'` for the one that gets the rest. */
export type Branches<K, V> = Readonly<Record<string, Predicate<K, V> | 'default'>>

type Guard<K, V, R extends StreamRecord<K, V>> = (record: StreamRecord<K, V>) => record is R

/** The record that a type guard recognises; never for a predicate that is none. */
type Recognised<K, V, P> = P extends Guard<K, V, infer R> ? R : never

/** What all guards recognise together. */
type AnyRecognised<K, V, B> = { readonly [Name in keyof B]: Recognised<K, V, B[Name]> }[keyof B]

type StreamOf<R extends StreamRecord<unknown, unknown>, Known extends KnownSerdes> = KStream<
  R['key'],
  R['value'],
  Known
>

/** The streams that `split` returns, by the names of their branches. */
export type SplitStreams<K, V, B, Known extends KnownSerdes> = {
  readonly [Name in keyof B]: B[Name] extends 'default'
    ? StreamOf<Others<K, V, AnyRecognised<K, V, B>>, Known>
    : [Recognised<K, V, B[Name]>] extends [never]
      ? KStream<K, V, Known>
      : StreamOf<Recognised<K, V, B[Name]>, Known>
}
