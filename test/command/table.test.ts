// Columns of a table stay aligned by what a terminal shows of a text, which is not its length.
import { expect, test } from 'vitest'
import { type Column, drawTable } from '../../src/command/table.ts'

interface Row {
  readonly name: string
  readonly count: number | null
}

const columns: readonly Column<Row>[] = [
  { head: 'NAME', of: ({ name }) => name },
  { head: 'COUNT', of: ({ count }) => count },
  { head: 'AGAIN', of: ({ name }) => name },
]

async function drawn(names: readonly string[], width: number): Promise<string[]> {
  const rows = names.map((name, count) => ({ name, count }))
  const table = await drawTable(rows, columns, { columns: width, isColoured: false })
  return table.trimEnd().split('\n')
}

test('wide characters take two places, emoji too, and marks none', async () => {
  expect(await drawn(['ab', '注文', 'e\u0301e\u0301', '👍🏽', '한글', 'ｱﾞ'], 80)).toEqual([
    'NAME  COUNT  AGAIN',
    'ab        0  ab',
    '注文      1  注文',
    'e\u0301e\u0301        2  e\u0301e\u0301',
    '👍🏽        3  👍🏽',
    '한글      4  한글',
    'ｱﾞ        5  ｱﾞ',
  ])
})

test('what is cut keeps whole characters, and never takes more places than there are', async () => {
  expect(
    await drawn(['注文注文注文', '\u0301'.repeat(3) + 'x'.repeat(12), '👍🏽'.repeat(6), 'a注文注文注文'], 25),
  ).toEqual([
    'NAME      COUNT  AGAIN',
    '注文注…       0  注文注…',
    `${'\u0301'.repeat(3)}xxxxxxx…      1  ${'\u0301'.repeat(3)}xxxxxxx…`,
    '👍🏽👍🏽👍🏽…       2  👍🏽👍🏽👍🏽…',
    'a注文注…      3  a注文注…',
  ])
})
