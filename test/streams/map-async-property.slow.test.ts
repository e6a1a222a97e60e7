// mapAsync against random latencies, failures, timeouts and crashes: each record gives one result, in the order promised, or
// one dead letter, where its call is given up.
import fc from 'fast-check'
import { type AsyncCall, type LogRecord, string, type StreamRecord, topic } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { expect, test } from 'vitest'
import { turns } from '../support/applications.ts'
import { topologyOf } from '../support/topology.ts'

const partitions = 3
const jobs = topic('jobs', { key: string(), value: string(), partitions })
const results = topic('results', { key: string(), value: string(), partitions })

/** What becomes of an attempt. */
type Fate = 'answer' | 'fail' | 'hang'

interface World {
  readonly order: 'key' | 'partition' | 'none'
  readonly concurrency: number
  /** Few of them let calls be given up. */
  readonly retries: number
  readonly keys: readonly string[]
  /** What happens, one thing after the other. */
  readonly steps: readonly { readonly what: 'pipe' | 'settle' | 'wait' | 'commit' | 'crash'; readonly which: number }[]
  readonly fates: readonly Fate[]
}

const worlds: fc.Arbitrary<World> = fc.record({
  order: fc.constantFrom('key', 'partition', 'none'),
  concurrency: fc.integer({ min: 1, max: 4 }),
  retries: fc.constantFrom(1_000, 1, 0),
  keys: fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1, maxLength: 12, size: 'max' }),
  steps: fc.array(
    fc.record({
      what: fc.constantFrom('pipe', 'pipe', 'settle', 'settle', 'settle', 'wait', 'commit', 'crash'),
      which: fc.nat({ max: 99 }),
    }),
    { maxLength: 40, size: 'max' },
  ),
  fates: fc.array(fc.constantFrom('answer', 'answer', 'answer', 'fail', 'hang'), { maxLength: 20, size: 'max' }),
})

interface OpenCall {
  readonly key: string
  readonly value: string
  readonly settle: () => void
}

test('each record gives its result once, in the order that was promised', async () => {
  let lettersSeen = 0
  await fc.assert(
    fc.asyncProperty(worlds, async ({ order, concurrency, retries, keys, steps, fates }) => {
      const open = new Set<OpenCall>()
      const valuesOfIds = new Map<string, string>()
      const idsOfValues = new Map<string, string>()
      let attempts = 0
      const fn = async ({ key, value }: StreamRecord<string, string>, { id, signal }: AsyncCall): Promise<string> => {
        expect(valuesOfIds.get(id) ?? value, 'an id is of one record').toBe(value)
        expect(idsOfValues.get(value) ?? id, 'and a record has one id').toBe(id)
        valuesOfIds.set(id, value)
        idsOfValues.set(value, id)
        if (order === 'key')
          expect(
            [...open].map((call) => call.key),
            'calls of a key never overlap',
          ).not.toContain(key)
        expect(open.size).toBeLessThan(concurrency)
        const fate = fates[attempts++] ?? 'answer'
        return new Promise((resolve, reject) => {
          const call: OpenCall = {
            key,
            value,
            settle() {
              if (fate === 'hang') return
              open.delete(call)
              if (fate === 'answer') resolve(`${value}!`)
              else reject(new Error('not now'))
            },
          }
          open.add(call)
          signal.addEventListener('abort', () => open.delete(call))
        })
      }
      const options = { order, concurrency, timeoutMs: 1_000, retries }
      const topology = topologyOf((builder) => builder.stream(jobs).mapAsync(fn, options).to(results))
      using driver = new TopologyTestDriver(topology, { commit: 'manual', onError: 'deadLetter' })
      const lettersNow = (): string[] => driver.deadLetters().map(({ value }) => Buffer.from(value ?? []).toString())
      const values = keys.entries()
      const pipe = (): boolean => {
        const { value: next } = values.next()
        if (next === undefined) return false
        const [at, key] = next
        driver.inputTopic(jobs).pipeInput({ key, value: `${key}${at}`, timestamp: at })
        return true
      }
      const settle = async (which: number): Promise<void> => {
        ;[...open][which % Math.max(1, open.size)]?.settle()
        await turns(1)
        driver.advanceWallClockTime(0)
      }
      for (const { what, which } of steps) {
        if (what === 'pipe') pipe()
        else if (what === 'settle') await settle(which)
        else if (what === 'wait') driver.advanceWallClockTime(which * 20)
        else if (what === 'commit') driver.commit()
        else driver.crash()
      }
      while (pipe());
      const out: LogRecord<string, string>[] = []
      for (let round = 0; out.length + lettersNow().length < keys.length; round++) {
        expect(round, 'it comes to an end').toBeLessThan(1_000)
        for (const call of open) call.settle()
        await turns(1)
        driver.advanceWallClockTime(900)
        driver.commit()
        out.splice(0, out.length, ...driver.outputTopic(results).readRecords())
      }
      await driver.settled()
      driver.crash()
      driver.commit()
      expect(driver.outputTopic(results).readRecords(), 'nothing is left over').toHaveLength(out.length)
      const givenUp = lettersNow()
      lettersSeen += givenUp.length
      if (retries === 1_000) expect(givenUp).toEqual([])
      const expected = keys.map((key, at) => `${key}${at}`)
      const answered = out.map(({ value }) => value.slice(0, -1))
      expect([...answered, ...givenUp].toSorted()).toEqual(expected.toSorted())
      expect(out.every(({ value }) => value.endsWith('!'))).toBe(true)
      const inOrder = (group: (record: (typeof out)[number]) => unknown): void => {
        for (const of of new Set(out.map(group))) {
          const times = out.filter((record) => group(record) === of).map(({ timestamp }) => Number(timestamp))
          expect(times).toEqual(times.toSorted((a, b) => a - b))
        }
      }
      if (order === 'partition') inOrder(({ partition }) => partition)
      if (order === 'key') inOrder(({ key }) => key)
    }),
    { numRuns: 40 },
  )
  expect(lettersSeen, 'calls are given up').toBeGreaterThan(0)
})
