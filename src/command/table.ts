/**
 * A table for people: aligned columns without lines, cut to the width of the terminal.
 */
import Table from 'cli-table3'
import { escaped } from '../core/escaped.ts'
import { styled } from './colours.ts'

/** A column of a table of `R`s. */
export interface Column<R> {
  /** In capitals, as in Kafka's tools. */
  readonly head: string
  readonly of: (row: R) => string | number | null | undefined
}

export interface TableForm {
  /** How wide it may be. */
  readonly columns: number
  readonly isColoured: boolean
}

const noLines = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid'].flatMap((side) =>
    ['', '-mid', '-left', '-right'].map((place) => [`${side}${place}`, '']),
  ),
)

const gap = 2
const narrowest = 8

/** The rows below their headings; what is missing is shown as `-`. Numbers stand to the right. */
export function drawTable<R>(rows: readonly R[], columns: readonly Column<R>[], form: TableForm): string {
  const cells = rows.map((row) => columns.map(({ of }) => of(row)))
  const heads = columns.map(({ head }) => head)
  const isNumber = columns.map((_, at) => isNumeric(cells.map((row) => row[at])))
  const texts = cells.map((row) => row.map((cell) => escaped(String(cell ?? '-'))))
  const table = new Table({
    head: heads.map((head) => styled('bold', head, form.isColoured)),
    chars: { ...noLines, middle: ' '.repeat(gap) },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: isNumber.map((number) => (number ? 'right' : 'left')),
    colWidths: widths([heads, ...texts], form.columns),
  })
  table.push(...texts)
  const lines = table.toString().split('\n')
  return lines.map((line) => `${line.trimEnd()}\n`).join('')
}

/** A column of numbers, perhaps with gaps. */
function isNumeric(cells: readonly unknown[]): boolean {
  return cells.some((cell) => typeof cell === 'number') && cells.every((cell) => typeof cell !== 'string')
}

/** Null for a column that is as wide as its widest cell; the widest columns are cut until all fit. */
function widths(lines: readonly (readonly string[])[], columns: number): (number | null)[] {
  const natural = (lines[0] ?? []).map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
  const wanted = [...natural]
  const total = (): number => wanted.reduce((sum, width) => sum + width, gap * (wanted.length - 1))
  while (total() > columns) {
    const widest = Math.max(...wanted)
    if (widest <= narrowest) break
    wanted[wanted.indexOf(widest)] = widest - 1
  }
  return wanted.map((width, at) => (width === natural[at] ? null : width))
}
