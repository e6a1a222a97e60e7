// pipe: the user's own RxJS operators over the records of a stream.
import { string } from 'millrace'
import { describe, expect, test } from 'vitest'
import { delay, filter, from, map, mergeMap, scan, Subject, take, tap } from 'rxjs'
import { turns } from '../support/applications.ts'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, input, output } from '../support/topology.ts'

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
        .groupByKey({ key: string(), value: { encode: (n: number) => Uint8Array.of(n), decode: (b) => b[0] ?? 0 } })
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
  test('is found at the next record, whatever the policy', async () => {
    const later = new Subject<{ key: string; value: string }>()
    const driver = drive(
      (builder) =>
        builder
          .stream(input)
          .pipe(mergeMap(() => later))
          .to(output),
      { onError: 'skip' },
    )
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 })
    later.next({ key: 'late', value: 'late' })
    const error = errorOf(() => driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 2 }))
    expect(error).toMatchObject({
      code: 'emitted_outside_turn',
      operator: 'pipe-1',
      message: expect.stringMatching(/pipe-1 emitted after its turn .*use synchronous operators/),
    })
    expect(driver.outputTopic(output).readRecords()).toEqual([])
  })

  test('of a promise or a delay is found', async () => {
    for (const operator of [
      mergeMap((record: { key: string; value: string }) => from(Promise.resolve(record))),
      delay<{ key: string; value: string }>(0),
    ]) {
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
      expect(errorOf(() => driver.advanceWallClockTime(0))).toMatchObject({ code: 'emitted_outside_turn' })
    }
  })

  test('when the chain is built is found', () => {
    const eager = drive((builder) =>
      builder
        .stream(input)
        .pipe(() => from([{ key: 'a', value: 'b' }]))
        .to(output),
    )
    expect(errorOf(() => eager.advanceWallClockTime(0))).toMatchObject({
      code: expect.stringMatching(/^(emitted_outside_turn|stream_completed)$/),
    })
  })
})
