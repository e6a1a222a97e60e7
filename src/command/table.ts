/**
 * A table for people: aligned columns without lines, cut to the width of the terminal.
 *
 * Widths are those that a terminal shows: a character may take two places, or none. What knows them is loaded for a
 * table that is not all ASCII.
 */
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

const gap = 2
const narrowest = 8

/** How many places a text takes. */
type WidthOf = (text: string) => number

/** The rows below their headings; what is missing is shown as `-`. Numbers stand to the right. */
export async function drawTable<R>(
  rows: readonly R[],
  columns: readonly Column<R>[],
  form: TableForm,
): Promise<string> {
  const cells = rows.map((row) => columns.map(({ of }) => of(row)))
  const heads = columns.map(({ head }) => head)
  const areNumbers = columns.map((_, at) => isNumeric(cells.map((row) => row[at])))
  const texts = cells.map((row) => row.map((cell) => escaped(String(cell ?? '-'))))
  const widthOf = await widthOfTexts(texts)
  const widths = fittingWidths([heads, ...texts], form.columns, widthOf)
  const line = (parts: readonly string[], isHead: boolean): string => {
    const padded = parts.map((part, at) => {
      const width = widths[at] ?? 0
      const text = cutTo(part, width, widthOf)
      const space = ' '.repeat(width - widthOf(text))
      const shown = isHead ? styled('bold', text, form.isColoured) : text
      return areNumbers[at] === true ? `${space}${shown}` : `${shown}${space}`
    })
    return `${padded.join(' '.repeat(gap)).trimEnd()}\n`
  }
  return line(heads, true) + texts.map((parts) => line(parts, false)).join('')
}

async function widthOfTexts(texts: readonly (readonly string[])[]): Promise<WidthOf> {
  if (texts.every((row) => row.every((text) => /^[ -~]*$/.test(text)))) return (text) => text.length
  const { default: stringWidth } = await import('string-width')
  return stringWidth
}

/** A column of numbers, perhaps with gaps. */
function isNumeric(cells: readonly unknown[]): boolean {
  return cells.some((cell) => typeof cell === 'number') && cells.every((cell) => typeof cell !== 'string')
}

/** As wide as the widest cells; the widest columns are cut until all fit. */
function fittingWidths(lines: readonly (readonly string[])[], columns: number, widthOf: WidthOf): readonly number[] {
  const wanted = (lines[0] ?? []).map((_, at) =>
    lines.reduce((widest, line) => Math.max(widest, widthOf(line[at] ?? '')), 0),
  )
  const total = (): number => wanted.reduce((sum, width) => sum + width, gap * (wanted.length - 1))
  while (total() > columns) {
    const widest = Math.max(...wanted)
    if (widest <= narrowest) break
    wanted[wanted.indexOf(widest)] = widest - 1
  }
  return wanted
}

/** The text where it fits; else as many whole characters as do, and an ellipsis. */
function cutTo(text: string, width: number, widthOf: WidthOf): string {
  if (widthOf(text) <= width) return text
  let cut = ''
  let left = width - 1
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    left -= widthOf(segment)
    if (left < 0) break
    cut += segment
  }
  return `${cut}…`
}
