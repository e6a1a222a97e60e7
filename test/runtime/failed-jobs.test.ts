// A job that no record has caused fails as a turn does: whole, with its operator's name in place of a record's.
import { bytes, nullable, string, topic } from 'millrace'
import type { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { type Codec, codecOf } from '../../src/core/serde.ts'
import type { Failure } from '../../src/runtime/failures.ts'
import { asking, plan } from '../support/asking.ts'
import { drivePlan, planTopic } from '../support/plans.ts'
import { errorOf } from '../support/thrown.ts'
import { briefly, input, output } from '../support/topology.ts'

const letters = topic('test-driver.dead-letters', { key: nullable(bytes()), value: nullable(bytes()) })

/** Emits at each multiple of 10, and then throws where `isBad` says so. */
const ticking =
  (isBad: (now: number) => boolean): Parameters<typeof plan>[0] =>
  (context, emit) => {
    const count = context.cell('ticks')
    context.schedule(10, 'streamTime', (now, job) => {
      count.set(count.value + 1)
      emit(job, 'tick', `${count.value} at ${now}`)
      if (isBad(now)) throw new Error(`${now} is bad`)
    })
  }

function feed(driver: TopologyTestDriver, ...timestamps: readonly number[]): void {
  for (const timestamp of timestamps) driver.inputTopic(input).pipeInput({ key: 'a', value: 'r', timestamp })
}

const ticks = (driver: TopologyTestDriver): string[] =>
  briefly(driver.outputTopic(output).readRecords()).filter((line) => line.startsWith('tick'))

describe('a punctuation that throws', () => {
  test.each(['skip', 'deadLetter', { retries: 2, then: 'skip' }, () => 'skip'] as const)(
    'is undone whole and comes again an interval later, with onError %s',
    (onError) => {
      const driver = drivePlan(plan(ticking((now) => now === 20)), { onError })
      feed(driver, 1, 20, 25, 30)
      driver.crash()
      feed(driver, 41)
      expect(ticks(driver)).toEqual(['tick=1 at 1@1', 'tick=2 at 30@30', 'tick=3 at 41@41'])
      expect(driver.metrics().failed).toEqual({ asker: { user_function_threw: 1 } })
    },
  )

  test('stops the application with onError fail, and is still due then', () => {
    let isBad = true
    const driver = drivePlan(plan(ticking((now) => now === 20 && isBad)))
    feed(driver, 1)
    const error = errorOf(() => feed(driver, 20))
    expect(error).toMatchObject({ code: 'user_function_threw', operator: 'asker', partition: 0 })
    expect(error.message).toMatch(/^in a punctuation of asker\[0\]: a function of asker threw: 20 is bad/)
    expect(error.topic).toBeUndefined()
    isBad = false
    driver.crash()
    expect(ticks(driver)).toEqual(['tick=1 at 1@1', 'tick=2 at 20@20'])
  })

  test('is tried again before the answer counts', () => {
    let attempts = 0
    const driver = drivePlan(plan(ticking((now) => now === 20 && ++attempts < 3)), {
      onError: { retries: 2, then: 'fail' },
    })
    feed(driver, 1, 20)
    expect(ticks(driver)).toEqual(['tick=1 at 1@1', 'tick=2 at 20@20'])
  })

  test('is told to the handler with its kind, and without a record', () => {
    const failures: Failure[] = []
    const driver = drivePlan(plan(ticking((now) => now === 20)), {
      onError(failure) {
        failures.push(failure)
        return 'skip'
      },
    })
    feed(driver, 1, 20)
    const { error, ...rest } = failures[0] as Failure
    expect(error.code).toBe('user_function_threw')
    expect(rest).toEqual({ kind: 'punctuation', topic: undefined, offset: undefined, partition: 0, operator: 'asker' })
  })

  test('leaves a letter without key and value, with its time, that says where', () => {
    const driver = drivePlan(plan(ticking((now) => now === 20)), { onError: 'deadLetter' })
    feed(driver, 1, 20)
    const [letter, ...more] = driver.outputTopic(letters).readRecords()
    expect(more).toEqual([])
    expect([letter?.key, letter?.value, letter?.timestamp]).toEqual([null, null, 20])
    expect(letter?.headers.map(({ key, value }) => [key, String(value && Buffer.from(value))])).toEqual([
      ['millrace.reason', 'user_function_threw'],
      ['millrace.message', expect.stringContaining('20 is bad')],
      ['millrace.operator', 'asker'],
      ['millrace.kind', 'punctuation'],
      ['millrace.partition', '0'],
    ])
    expect(driver.metrics().produced).toMatchObject({ 'test-driver.dead-letters': 1 })
  })

  test('even when the operator catches what decoding threw, fails', () => {
    const driver = drivePlan(
      plan((context, emit) => {
        context.schedule(10, 'streamTime', (now, job) => {
          emit(job, 'tick', String(now))
          try {
            void job.withKeyBytes(codecOf(string()), Buffer.of(0xff), 0, undefined).key
          } catch {
            // the turn fails all the same
          }
        })
      }),
      { onError: 'skip' },
    )
    feed(driver, 1)
    expect(ticks(driver)).toEqual([])
    expect(driver.metrics().failed).toEqual({ asker: { undecodable: 1 } })
  })
})

test('a regrouped record that a punctuation caused fails as of the punctuation', () => {
  const failures: Failure[] = []
  const text = codecOf(string()) as Codec<unknown>
  const driver = drivePlan(
    (builder) => {
      const source = builder.source([planTopic(input)], 'earliest', undefined)
      const ticker = builder.stateless('ask', source, 'asker', asking(ticking(() => false)))
      const regroup = builder.regroup('repartition', ticker, 'regroup', text, text)
      const thrower = asking(() => ({ key }) => {
        if (key === 'tick') throw new Error('no ticks here')
      })
      builder.sink(builder.stateless('ask', regroup, 'thrower', thrower), planTopic(output), undefined)
    },
    {
      onError(failure) {
        failures.push(failure)
        return 'deadLetter'
      },
    },
  )
  feed(driver, 1)
  expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['a=r@1'])
  expect(failures).toMatchObject([{ kind: 'punctuation', topic: undefined, operator: 'thrower' }])
  expect(driver.outputTopic(letters).readRecords()).toMatchObject([{ key: null, value: null, timestamp: 1 }])
})

test('what a job emits has the time of the job and no headers', () => {
  const driver = drivePlan(plan(ticking(() => false)))
  driver
    .inputTopic(input)
    .pipeInput({ key: 'a', value: 'r', timestamp: 17, headers: [{ key: 'h', value: Buffer.from('x') }] })
  const [record, tick] = driver.outputTopic(output).readRecords()
  expect(record?.headers).toHaveLength(1)
  expect([tick?.timestamp, tick?.headers]).toEqual([17, []])
})
