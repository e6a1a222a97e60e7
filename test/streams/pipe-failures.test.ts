// Errors in and around pipe(): each belongs to the operator that threw, fails its turn, and leaves the chain whole.
import { string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { catchError, EMPTY, map, mergeMap, Observable, of, retry } from 'rxjs'
import { turns } from '../support/applications.ts'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, input, output, type Script } from '../support/topology.ts'
import { call } from '../support/untyped.ts'

type Text = { readonly key: string; readonly value: string }

const strict = <T extends Text>(record: T): T => {
  if (record.value === 'bad') throw new Error('not this one')
  return record
}

const values = ['x', 'bad', 'y', 'bad', 'z']

/** The values that come out when failed records are skipped, and what is counted as failed. */
function skipping(script: Script): { readonly out: readonly string[]; readonly failed: unknown } {
  const driver = drive(script, { onError: 'skip' })
  for (const value of values) driver.inputTopic(input).pipeInput({ key: 'a', value, timestamp: 1 })
  return {
    out: driver
      .outputTopic(output)
      .readRecords()
      .map(({ value }) => value),
    failed: driver.metrics().failed,
  }
}

describe('an error inside the chain', () => {
  test.each([
    ['map', map(strict<Text>)],
    ['mergeMap', mergeMap((record: Text) => [strict(record)])],
    [
      'a mergeMap that throws halfway',
      mergeMap(function* ({ key, value }: Text): Iterable<Text> {
        yield* value === 'bad' ? [] : [{ key, value }]
        strict({ key, value })
      }),
    ],
    ['an observable that errs', mergeMap((record: Text) => of(record).pipe(map(strict<Text>)))],
  ])('of %s fails the record, and the next one finds the chain whole', (_name, operator) => {
    expect(skipping((builder) => builder.stream(input).pipe(operator).to(output))).toEqual({
      out: ['x', 'y', 'z'],
      failed: { 'pipe-1': { user_function_threw: 2 } },
    })
  })

  test('names pipe, and keeps its cause', () => {
    const cause = new Error('not this one')
    const driver = drive((builder) =>
      builder
        .stream(input)
        .pipe(
          map((): Text => {
            throw cause
          }),
        )
        .to(output),
    )
    const error = errorOf(() => driver.inputTopic(input).pipeInput({ key: 'a', value: 'bad', timestamp: 1 }))
    expect(error).toMatchObject({ code: 'user_function_threw', operator: 'pipe-1', cause })
  })

  test('when it is put together stops the application with the same code', () => {
    const cause = new Error('not this one')
    const refuse = (): never => {
      throw cause
    }
    const driver = drive((builder) => builder.stream(input).pipe<string, string>(refuse).to(output), {
      onError: 'skip',
    })
    const error = errorOf(() => driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 1 }))
    expect(error).toMatchObject({ code: 'user_function_threw', operator: 'pipe-1', cause })
  })

  test('undoes what the chain had emitted before', () => {
    const twice = mergeMap(function* ({ key, value }: Text): Iterable<Text> {
      yield { key, value: `${value}1` }
      strict({ key, value })
      yield { key, value: `${value}2` }
    })
    const { out } = skipping((builder) => builder.stream(input).pipe(twice).to(output))
    expect(out).toEqual(['x1', 'x2', 'y1', 'y2', 'z1', 'z2'])
  })

  test('that the user catches is the business of the user', () => {
    const forgiving = (source: Observable<Text>): Observable<Text> =>
      source.pipe(
        mergeMap((record) =>
          of(record).pipe(
            map(strict<Text>),
            catchError(() => EMPTY),
          ),
        ),
      )
    expect(skipping((builder) => builder.stream(input).pipe(forgiving).to(output))).toEqual({
      out: ['x', 'y', 'z'],
      failed: {},
    })
  })
})

describe('what is no record', () => {
  test.each([
    ['undefined', undefined],
    ['text', 'text'],
    ['a key alone', { key: 'a' }],
    ['a negative timestamp', { key: 'a', value: 'b', timestamp: -1 }],
    ['headers that are none', { key: 'a', value: 'b', headers: 'none' }],
  ])('fails: %s', (_what, emitted) => {
    const driver = drive((builder) =>
      builder
        .stream(input)
        .pipe(map(() => emitted as Text))
        .to(output),
    )
    expect(errorOf(() => driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 }))).toMatchObject({
      code: 'bad_record',
      operator: 'pipe-1',
    })
  })
})

test('a promise that is emitted in place of a record fails it, and its rejection harms nobody', async () => {
  const later = map(() => Promise.reject(new Error('db down')))
  const driver = drive((builder) => call(call(builder.stream(input), 'pipe', later), 'to', output))
  const error = errorOf(() => driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 }))
  expect(error).toMatchObject({ code: 'bad_record', operator: 'pipe-1' })
  expect(error.message).toContain('the functions of verbs must be synchronous')
  await turns(2) // a rejection that nobody takes fails the run
})

describe('an error behind the chain', () => {
  const passing = map(({ key, value }: Text) => ({ key, value }))
  const handwritten = (source: Observable<Text>): Observable<Text> =>
    new Observable((subscriber) => source.subscribe((record) => subscriber.next(record)))

  test.each([
    ['map', passing],
    ['mergeMap', mergeMap((record: Text) => [record])],
    ['an operator of the user', handwritten],
    ['a chain that resubscribes', (source: Observable<Text>) => source.pipe(passing, retry())],
    [
      'a chain that catches',
      (source: Observable<Text>) =>
        source.pipe(
          passing,
          catchError((_error, caught) => caught),
        ),
    ],
    [
      'a chain that ends on errors',
      (source: Observable<Text>) =>
        source.pipe(
          passing,
          catchError(() => EMPTY),
        ),
    ],
  ])('passes through %s, and keeps its own operator', (_name, operator) => {
    expect(
      skipping((builder) =>
        builder
          .stream(input)
          .pipe(operator)
          .mapValues(({ value }) => strict({ key: '', value }).value)
          .to(output),
      ),
    ).toEqual({ out: ['x', 'y', 'z'], failed: { 'mapValues-1': { user_function_threw: 2 } } })
  })

  test('of a sink keeps the sink', () => {
    const numbers = topic('numbers', {
      key: string(),
      value: { encode: (text: string) => Buffer.from(strict({ key: '', value: text }).value), decode: String },
    })
    const driver = drive((builder) => builder.stream(input).pipe(passing).to(numbers))
    const error = errorOf(() => driver.inputTopic(input).pipeInput({ key: 'a', value: 'bad', timestamp: 1 }))
    expect(error).toMatchObject({ code: 'encode_failed', operator: 'to-1' })
  })

  test('passes through one chain inside another', () => {
    expect(
      skipping((builder) =>
        builder
          .stream(input)
          .pipe(passing)
          .pipe(passing)
          .filter((record) => strict(record) === record)
          .to(output),
      ),
    ).toEqual({ out: ['x', 'y', 'z'], failed: { 'filter-1': { user_function_threw: 2 } } })
  })
})

test('a value that cannot be decoded fails although the chain caught the throw', () => {
  const numbers = topic('texts', {
    key: string(),
    value: {
      name: 'strict',
      encode: (text: string) => Buffer.from(text),
      decode: (from) => strict({ key: '', value: Buffer.from(from).toString() }).value,
    },
  })
  const driver = drive(
    (builder) =>
      builder
        .stream(numbers)
        .pipe(
          mergeMap((record) => {
            try {
              return [{ key: record.key, value: record.value }]
            } catch {
              return [{ key: record.key, value: 'instead' }]
            }
          }),
        )
        .to(output),
    { onError: 'skip' },
  )
  for (const value of values) driver.inputTopic(numbers).pipeInput({ key: 'a', value, timestamp: 1 })
  expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['a=x@1', 'a=y@1', 'a=z@1'])
  expect(Object.values(driver.metrics().failed)).toEqual([{ undecodable: 2 }])
})
