// Whoever reads the rows of a table finds what its changes have said so far: in its store, or through the functions of
// verbs that keep none.
import { type KTable, string, type Topic, topic, TimeWindows, windowed } from 'millrace'
import type { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { codecOf } from '../../src/core/serde.ts'
import { operatorError, type OperatorFactory } from '../../src/plan/operator.ts'
import { operate, PassingSubscriber } from '../../src/plan/subscriber.ts'
import { Stream } from '../../src/streams/stream.ts'
import { Table } from '../../src/streams/table.ts'
import type { TableRows } from '../../src/streams/table-rows.ts'
import { planTopic } from '../support/plans.ts'
import { drive, input, output, type Script } from '../support/topology.ts'

const asked: Topic<string, string> = topic('asked', { key: string(), value: string() })

/** Says for each record what the table has under its key: `value@timestamp`, or `-`. */
const looking =
  (rows: TableRows): OperatorFactory =>
  (context) => {
    const reader = rows.reader(context)
    return operate(
      (out) =>
        new PassingSubscriber({
          next(carrier) {
            let text: string
            try {
              const row = reader.get(carrier)
              text = row === undefined ? '-' : `${String(row.value)}@${row.timestamp}`
            } catch (error) {
              throw operatorError(context.operator, error)
            }
            out.next(carrier.withValue<unknown>(text, codecOf(string()) as never))
          },
        }),
    )
  }

/** Puts the reader after a stream of questions; what it finds is written to `output`. */
function look(table: unknown, questions: unknown, to: Topic<never, string> = output as never): void {
  if (!(table instanceof Table) || !(questions instanceof Stream)) throw new Error('both are known by their classes')
  const { plan, node, rows } = table.parts
  const made = plan.stateful('look', [questions.parts.node, node], 'look', () => ({
    stores: rows.stores,
    operator: looking(rows),
  }))
  plan.sink(made, planTopic(to), undefined)
}

type Tables = (table: KTable<string, string>) => unknown

const lookIn =
  (tableOf: Tables): Script =>
  (builder) => {
    const table = tableOf(builder.table(input))
    look(table, builder.stream(asked))
  }

const put = (driver: TopologyTestDriver, key: string, value: string | null, timestamp: number): void =>
  driver.inputTopic(input).pipeInput({ key, value, timestamp })

/** What the table has under a key, as a later record finds it. */
function found(driver: TopologyTestDriver, key: string): string | undefined {
  driver.outputTopic(output).readRecords()
  driver.inputTopic(asked).pipeInput({ key, value: '?', timestamp: 0 })
  const all = driver.outputTopic(output).readRecords()
  return all.at(-1)?.value
}

describe('a table that is read', () => {
  test('has what was put last, and nothing of what was deleted', () => {
    const driver = drive(lookIn((table) => table))
    expect(found(driver, 'a')).toBe('-')
    put(driver, 'a', 'x', 7)
    expect(found(driver, 'a')).toBe('x@7')
    driver.crash()
    expect(found(driver, 'a')).toBe('x@7')
    put(driver, 'a', null, 8)
    expect(found(driver, 'a')).toBe('-')
  })

  test('has already what a change says when the change arrives', () => {
    const driver = drive(lookIn((table) => table))
    put(driver, 'a', 'x', 7)
    const [own] = driver.outputTopic(output).readRecords()
    expect(own?.value).toBe('x@7')
  })

  test.each<readonly [string, Tables, readonly string[]]>([
    ['filter', (table) => table.filter(({ value }) => value.length > 1), ['-', 'xy@1']],
    ['filterNot', (table) => table.filterNot(({ value }) => value.length > 1), ['x@1', '-']],
    [
      'mapValues',
      (table) => table.mapValues(({ key, value, timestamp }) => `${key}${value}${timestamp}`),
      ['ax1@1', 'axy1@1'],
    ],
    [
      'a mapValues that makes a null of a row',
      (table) => table.mapValues(({ value }) => (value === 'x' ? null : value)),
      ['-', 'xy@1'],
    ],
    [
      'several verbs',
      (table) =>
        table
          .mapValues(({ value }) => `${value}!`)
          .filter(({ value }) => value.length > 2)
          .mapValues(({ value }) => `${value}!`),
      ['-', 'xy!!@1'],
    ],
  ])('through %s is what the verb makes of its rows', (_verbs, tableOf, expected) => {
    const driver = drive(lookIn(tableOf))
    const answers = ['x', 'xy'].map((value) => {
      put(driver, 'a', value, 1)
      return found(driver, 'a')
    })
    expect(answers).toEqual(expected)
    expect(found(driver, 'b')).toBe('-')
  })

  test('says whose function has thrown on the way', () => {
    const driver = drive(
      lookIn((table) =>
        table.filter(
          ({ value }) => {
            if (value === 'bad') throw new Error('not this one')
            return true
          },
          { name: 'the-filter' },
        ),
      ),
      { onError: 'skip' },
    )
    put(driver, 'a', 'bad', 1)
    expect(driver.metrics().failed).toEqual({ 'the-filter': { user_function_threw: 1 } })
  })
})

test('a table of windows has the row of each window, until stream time has passed it by its retention', () => {
  const windows: Topic<
    { readonly key: string; readonly window: { readonly start: number; readonly end: number } },
    string
  > = topic('windows', { key: windowed(string(), { size: 10 }), value: string() })
  const answers: Topic<never, string> = topic('answers', {
    key: windowed(string(), { size: 10 }),
    value: string(),
  }) as never
  for (const commit of ['always', 'manual'] as const) {
    const driver = drive(
      (builder) => {
        const counts = builder
          .stream(input)
          .groupByKey()
          .windowedBy(TimeWindows.of({ size: 10 }))
          .count({ retentionMs: 20 })
        look(counts, builder.stream(windows), answers)
      },
      { commit },
    )
    const ask = (start: number): void =>
      driver
        .inputTopic(windows)
        .pipeInput({ key: { key: 'a', window: { start, end: start + 10 } }, value: '?', timestamp: 0 })
    put(driver, 'a', 'x', 3)
    put(driver, 'a', 'x', 4)
    put(driver, 'a', 'x', 12)
    for (const start of [0, 10, 20]) ask(start)
    put(driver, 'b', 'x', 20)
    for (const start of [0, 10, 20]) ask(start)
    driver.commit()
    const all = driver.outputTopic(answers).readRecords()
    const answersOnly = all.filter(({ timestamp }) => timestamp === 0).map(({ value }) => value)
    expect(answersOnly).toEqual(['2@4', '1@12', '-', '-', '1@12', '-'])
  }
})
