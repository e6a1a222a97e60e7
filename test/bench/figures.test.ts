// Every figure can be measured: with a handful of records, so that the benchmarks cannot rot unseen.
import { describe, expect, test } from 'vitest'
import type { Figure, OptionName, Options } from '../../bench/figure.ts'
import { comparison } from '../../bench/figures/comparison.ts'
import { families, joins } from '../../bench/figures/families.ts'
import { figures } from '../../bench/figures.ts'
import { familiesByHand } from '../../bench/limit/families.ts'
import type { JobName, OptionsOf, ResultOf } from '../../bench/jobs.ts'
import { percentilesOf, spreadOf } from '../../bench/statistics.ts'
import { type Cell, type Table, toJsonLines, toMarkdown, toPlainText } from '../../bench/table.ts'
import { InProcessBench } from '../support/in-process-bench.ts'

const handful: Record<OptionName, number> = { records: 200, runs: 1, commits: 5, commit: 100, keys: 100 }

function handfulOf({ defaults }: Figure): Options {
  return Object.fromEntries(Object.entries(handful).filter(([option]) => option in defaults))
}

function numbersIn(cell: Cell): number[] {
  if (typeof cell === 'string') return []
  return typeof cell === 'number' ? [cell] : [cell.median, cell.min, cell.max]
}

test.each(figures)('$name fills its tables', async (figure) => {
  using bench = new InProcessBench()
  const tables = await figure.measure(bench, handfulOf(figure))
  expect(tables).not.toEqual([])
  for (const { columns, rows } of tables) {
    expect(rows).not.toEqual([])
    for (const row of rows) {
      expect(row).toHaveLength(columns.length)
      const numbers = row.flatMap(numbersIn)
      expect(numbers).not.toEqual([])
      expect(numbers.filter((number) => !Number.isFinite(number))).toEqual([])
    }
  }
})

test('families are measured alone where they are asked for, and all that have a loop by hand as one', async () => {
  using bench = new InProcessBench()
  const measured = async (from: Figure, ...only: string[]): Promise<Cell[]> => {
    const tables = await from.measure(bench, handfulOf(from), only)
    return tables.flatMap(({ rows }) => rows.map(([name = '']) => name))
  }
  expect(await measured(families, 'distinct', 'count')).toEqual(['count', 'distinct'])
  const compared = new Set([...(await measured(families, 'compared')), ...(await measured(joins, 'compared'))])
  expect(compared).toEqual(new Set(Object.keys(familiesByHand)))
})

test('a side of the comparison that does other work is not compared', async () => {
  class Cheating extends InProcessBench {
    override async run<Name extends JobName>(name: Name, options: OptionsOf<Name>): Promise<ResultOf<Name>> {
      if (name === 'limit count') return super.run(name, { ...options, records: 100 })
      if (name === 'limit run family') return super.run(name, { ...options, keys: 50 }) // shorter windows
      return super.run(name, options)
    }
  }
  using bench = new Cheating()
  await expect(comparison.measure(bench, handfulOf(comparison))).rejects.toThrow(
    'click count, every update: the two sides have different results',
  )
  await expect(families.measure(bench, handfulOf(families))).rejects.toThrow(
    'count, tumbling windows: the two sides have different results',
  )
})

test('the median of runs is their middle, of an even number of runs between the two', () => {
  expect(spreadOf([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5 })
  expect(spreadOf([5, 1, 3, 4])).toEqual({ median: 3.5, min: 1, max: 5 })
  expect(percentilesOf(Float64Array.from({ length: 200 }, (_, i) => 200 - i))).toEqual({
    p50: 101,
    p95: 191,
    p99: 199,
    p999: 200,
    max: 200,
  })
})

describe('a table', () => {
  const table: Table = {
    title: 'two rows',
    columns: ['what', 'records/s', 'aim'],
    rows: [
      ['reads', { median: 1_234_567.8, min: 1_000_000, max: 1_500_000 }, 0.8],
      ['writes', { median: 12.34, min: 12.34, max: 12.34 }, '–'],
    ],
  }

  test('says the median and how far the runs are apart', () => {
    expect(toMarkdown(table)).toBe(
      [
        '**two rows**',
        '',
        '| what | records/s | aim |',
        '| --- | --: | --: |',
        '| reads | 1,234,568 (1,000,000–1,500,000) | 0.80 |',
        '| writes | 12.3 | – |',
      ].join('\n'),
    )
  })

  test('stands in columns', () => {
    const [, ...lines] = toPlainText(table).split('\n')
    expect(lines).toHaveLength(3)
    expect(new Set(lines.map(({ length }) => length)).size).toBe(1)
  })

  test('is one object a row for machines, with all digits', () => {
    expect(toJsonLines('reading', table).map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { figure: 'reading', what: 'reads', 'records/s': { median: 1_234_567.8 }, aim: 0.8 },
      { figure: 'reading', what: 'writes', aim: '–' },
    ])
  })
})
