// pipe: the user's own RxJS operators over the records of a stream.
import { int64, keyValueStore, type MillraceError, string } from 'millrace'
import type { TopologyTestDriver } from 'millrace/testing'
import {
  asapScheduler,
  BehaviorSubject,
  concat,
  debounceTime,
  defer,
  delay,
  EMPTY,
  endWith,
  filter,
  from,
  map,
  merge,
  mergeMap,
  mergeWith,
  Observable,
  observeOn,
  of,
  type OperatorFunction,
  repeat,
  retry,
  scan,
  share,
  startWith,
  Subject,
  take,
  tap,
  throwError,
  timer,
} from 'rxjs'
import { describe, expect, test } from 'vitest'
import { turns } from '../support/applications.ts'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, input, output } from '../support/topology.ts'
import { call } from '../support/untyped.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })

describe('operators of RxJS', () => {
  test('filter, map and expand records', () => {
    const seen: string[] = []
    const driver = drive((builder) =>
      builder
        .stream(input)
        .pipe(
          filter(({ value }) => value !== 'not'),
          tap(({ value }) => seen.push(value)),
          mergeMap(({ key, value }) => value.split(' ').map((word) => ({ key, word }))),
          map(({ key, word }) => ({ key: word, value: key })),
        )
        .to(output),
    )
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'x y', timestamp: 1 })
    driver.inputTopic(input).pipeInput({ key: 'b', value: 'not', timestamp: 2 })
    driver.inputTopic(input).pipeInput({ key: 'c', value: 'z', timestamp: 3 })
    expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['x=a@1', 'y=a@1', 'z=c@3'])
    expect(seen).toEqual(['x y', 'z'])
  })

  test('keep timestamp and headers unless they are given', () => {
    const headers = [{ key: 'h', value: Buffer.from('1') }]
    const given = { timestamp: 9, headers: [{ key: 'own', value: 'text' }] }
    const driver = drive((builder) => {
      builder
        .stream(input)
        .pipe(map(({ key, value }) => ({ key, value })))
        .to(output)
      builder
        .stream(input)
        .pipe(map(({ key, value }) => ({ key, value, ...given })))
        .to(output)
    })
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1, headers })
    const read = driver.outputTopic(output).readRecords()
    expect(read.map(({ timestamp }) => timestamp)).toEqual([1, 9])
    expect(read.map((record) => record.headers.map(({ key }) => key))).toEqual([['h'], ['own']])
  })

  test('have a chain for each partition', () => {
    let chains = 0
    const counting = map(({ key, value }: { key: string; value: string }) => ({ key, value }))
    drive((builder) =>
      builder
        .stream(input)
        .repartition({ partitions: 4 })
        .pipe((source) => {
          chains++
          return counting(source)
        })
        .to(output),
    )
    expect(chains).toBe(4)
  })

  test('may come before a regrouping', () => {
    const driver = drive((builder) =>
      builder
        .stream(input)
        .pipe(map(({ value }) => ({ key: value, value: 1 })))
        .groupByKey({
          key: string(),
          value: { name: 'byte', encode: (n: number) => Uint8Array.of(n), decode: (b) => b[0] ?? 0 },
        })
        .reduce((left, right) => left + right)
        .toStream()
        .mapValues(({ value }) => `${value}`)
        .to(output),
    )
    for (const value of ['x', 'y', 'x']) driver.inputTopic(input).pipeInput({ key: 'a', value, timestamp: 1 })
    expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['x=1@1', 'y=1@1', 'x=2@1'])
  })
})

describe('an operator that remembers', () => {
  const running = (options: Parameters<typeof drive>[1] = {}) =>
    drive(
      (builder) =>
        builder
          .stream(input)
          .pipe(scan((sum, { key, value }) => ({ key, value: sum.value + value }), { key: '', value: '' }))
          .peek(({ value }) => {
            if (value.endsWith('bad')) throw new Error('not this one')
          })
          .to(output),
      options,
    )

  test('starts empty after a crash: its results are not exactly once', () => {
    const driver = running()
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 1 })
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'y', timestamp: 2 })
    driver.crash()
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'z', timestamp: 3 })
    expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['a=x@1', 'a=xy@2', 'a=z@3'])
  })

  test('starts empty after a record that failed behind it', () => {
    const driver = running({ onError: 'skip' })
    for (const value of ['x', 'bad', 'y']) driver.inputTopic(input).pipeInput({ key: 'a', value, timestamp: 1 })
    expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['a=x@1', 'a=y@1'])
  })
})

describe('a chain that completes', () => {
  test('stops the application with words that help, whatever the policy', () => {
    for (const onError of ['fail', 'skip', 'deadLetter'] as const) {
      const driver = drive((builder) => builder.stream(input).pipe(take(1)).to(output), { onError })
      const error = errorOf(() => driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 }))
      expect(error).toMatchObject({
        code: 'stream_completed',
        operator: 'pipe-1',
        message: expect.stringMatching(/pipe-1 completed the stream .*use filter/),
      })
      expect(driver.outputTopic(output).readRecords()).toEqual([])
    }
  })

  test('before the first record stops it too', () => {
    const driver = () => drive((builder) => builder.stream(input).pipe(take(0)).to(output))
    expect(errorOf(() => driver().inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 }))).toMatchObject({
      code: 'stream_completed',
    })
  })
})

describe('an emission outside of the turn', () => {
  type Text = { readonly key: string; readonly value: string }
  /** Emits the record when it is told to, and no sooner. */
  const held = (): { readonly operator: OperatorFunction<Text, Text>; readonly release: Subject<Text> } => {
    const release = new Subject<Text>()
    return { operator: mergeMap(() => release), release }
  }
  const late = { key: 'late', value: 'late' }

  const calls: Readonly<Record<string, (driver: TopologyTestDriver) => unknown>> = {
    pipeInput: (driver) => driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 2 }),
    readRecords: (driver) => driver.outputTopic(output).readRecords(),
    advanceWallClockTime: (driver) => driver.advanceWallClockTime(0),
    commit: (driver) => driver.commit(),
    crash: (driver) => driver.crash(),
    metrics: (driver) => driver.metrics(),
    store: (driver) => driver.store(counts),
    close: (driver) => driver.close(),
  }

  test.each(Object.entries(calls))('is thrown by the next call of the driver, whatever the policy: %s', (_, next) => {
    const { operator, release } = held()
    const driver = drive(
      (builder) => {
        builder.stream(input).pipe(operator).to(output)
        builder.stream(input).groupByKey().count({ store: counts })
      },
      { onError: 'skip' },
    )
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 })
    release.next(late)
    expect(errorOf(() => next(driver))).toMatchObject({
      code: 'emitted_outside_turn',
      operator: 'pipe-1',
      message: expect.stringMatching(/pipe-1 emitted after its turn .*use synchronous operators/),
    })
  })

  test('is thrown once, and then by every call that works on: what is there can be looked at', () => {
    const { operator, release } = held()
    const driver = drive((builder) => builder.stream(input).pipe(operator).to(output))
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 })
    release.next(late)
    const read = (): unknown => driver.outputTopic(output).readRecords()
    expect(errorOf(read)).toMatchObject({ code: 'emitted_outside_turn' })
    expect(read()).toEqual([])
    for (let i = 0; i < 2; i++) {
      expect(errorOf(() => driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 2 }))).toMatchObject({
        code: 'emitted_outside_turn',
      })
    }
  })

  test('of an application that has crashed since is nobody’s concern', () => {
    const { operator, release } = held()
    const driver = drive((builder) => builder.stream(input).pipe(operator).to(output))
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 })
    driver.crash()
    release.next(late)
    expect(driver.outputTopic(output).readRecords()).toEqual([])
  })

  test.each<readonly [string, OperatorFunction<Text, Text>]>([
    ['a promise', mergeMap((record) => from(Promise.resolve(record)))],
    ['a microtask', observeOn(asapScheduler)],
    ['a timer', mergeMap((record) => timer(0).pipe(map(() => record)))],
    ['a delay', delay(0)],
    ['a quiet time', debounceTime(0)],
  ])('of %s is found', async (_, operator) => {
    const seen: unknown[] = []
    const driver = drive((builder) =>
      builder
        .stream(input)
        .pipe(
          operator,
          tap((record) => seen.push(record)),
        )
        .to(output),
    )
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 })
    while (seen.length === 0) await turns(1)
    expect(errorOf(() => driver.outputTopic(output).readRecords())).toMatchObject({ code: 'emitted_outside_turn' })
  })

  test('of an error is found too, and told with its cause', async () => {
    const { operator, release } = held()
    const driver = drive((builder) => builder.stream(input).pipe(operator).to(output), { onError: 'skip' })
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 })
    const cause = new Error('db down')
    release.error(cause)
    expect(errorOf(() => driver.outputTopic(output).readRecords())).toMatchObject({
      code: 'user_function_threw',
      operator: 'pipe-1',
      message: 'in pipe-1, after its turn: a function of pipe-1 threw: db down',
      cause,
    })
  })
})

describe('operators that act when they are subscribed to', () => {
  type Text = { readonly key: string; readonly value: string }
  const made = { key: 'made', value: 'up' }
  const errorWith = (operator: OperatorFunction<Text, Text>): MillraceError => {
    const driver = drive((builder) => builder.stream(input).pipe(operator).to(output), { onError: 'skip' })
    const error = errorOf(() => driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 }))
    expect(driver.outputTopic(output).readRecords()).toEqual([])
    return error
  }

  test.each<readonly [string, OperatorFunction<Text, Text>]>([
    ['startWith', startWith(made)],
    ['a list of its own', () => from([made])],
    ['a list beside the stream', mergeWith(of(made))],
    ['a value that is replayed', (source) => source.pipe(share({ connector: () => new BehaviorSubject(made) }))],
  ])('must not emit then: %s', (_, operator) => {
    expect(errorWith(operator)).toMatchObject({
      code: 'emitted_outside_turn',
      operator: 'pipe-1',
      message: expect.stringMatching(/in pipe-1 emitted when it was subscribed to .*belongs to no record/),
    })
  })

  test.each<readonly [string, OperatorFunction<Text, Text>]>([
    ['take(0)', take(0)],
    ['EMPTY', () => EMPTY],
  ])('must not complete then: %s', (_, operator) => {
    expect(errorWith(operator)).toMatchObject({ code: 'stream_completed', operator: 'pipe-1' })
  })

  test('that throw then stop the application with what they threw', () => {
    const cause = new Error('not this one')
    const refuse = (): never => {
      throw cause
    }
    for (const operator of [
      refuse,
      () => new Observable<Text>(refuse),
      () => defer(refuse),
      () => throwError(refuse),
    ]) {
      expect(errorWith(operator)).toMatchObject({
        code: 'user_function_threw',
        operator: 'pipe-1',
        message: 'in pipe-1, when its operators were subscribed to: a function of pipe-1 threw: not this one',
        cause,
      })
    }
  })

  test.each<readonly [string, () => unknown, string]>([
    ['nothing', () => undefined, 'function 2 of pipe returned undefined; an RxJS operator returns an Observable'],
    ['a promise', () => Promise.reject(new Error('db down')), 'function 2 of pipe returned Promise {'],
    ['a list', () => [made], 'function 2 of pipe returned [ [Object] ];'],
  ])('that return %s in place of a stream are named by their place', (_, returning, words) => {
    const same = map((record: Text) => record)
    const driver = drive((builder) => call(call(builder.stream(input), 'pipe', same, returning), 'to', output))
    const error = errorOf(() => driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 }))
    expect(error).toMatchObject({ code: 'topology_invalid', operator: 'pipe-1' })
    expect(error.message).toContain(words)
  })

  test.each<readonly [string, OperatorFunction<Text, Text>, readonly string[]]>([
    ['take and repeat', (source) => source.pipe(take(1), repeat()), ['x', 'y', 'z']],
    ['retry', (source) => source.pipe(retry()), ['x', 'y', 'z']],
    ['share', (source) => source.pipe(share()), ['x', 'y', 'z']],
    ['two paths', (source) => merge(source, source), ['x', 'x', 'y', 'y', 'z', 'z']],
    [
      'endWith and concat, which never come to their end',
      (source) => concat(source, of(made)).pipe(endWith(made)),
      ['x', 'y', 'z'],
    ],
  ])('may do so again, or more than once: %s', (_, operator, values) => {
    const driver = drive((builder) => builder.stream(input).pipe(operator).to(output))
    for (const value of ['x', 'y', 'z']) driver.inputTopic(input).pipeInput({ key: 'a', value, timestamp: 1 })
    expect(
      driver
        .outputTopic(output)
        .readRecords()
        .map(({ value }) => value),
    ).toEqual(values)
  })
})
