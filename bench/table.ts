/**
 * Tables of results, for people, for a page of Markdown and for machines.
 */
import type { Spread } from './statistics.ts'

export type Cell = string | number | Spread

export interface Table {
  readonly title: string
  /** The headings; the first one names the rows. */
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

export function toMarkdown({ title, columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    `**${title}**`,
    '',
    line(columns),
    line(columns.map((_, index) => (index === 0 ? '---' : '--:'))),
    ...rows.map((row) => line(row.map(toText))),
  ].join('\n')
}

/** The columns stand under each other. */
export function toPlainText({ title, columns, rows }: Table): string {
  const lines = [columns, ...rows.map((row) => row.map(toText))]
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)))
  const padded = lines.map((line) =>
    line
      .map((text, index) => (index === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[index] ?? 0)))
      .join('  '),
  )
  return [title, ...padded].join('\n')
}

/** One object for each row. */
export function toJsonLines(figure: string, { title, columns, rows }: Table): readonly string[] {
  return rows.map((row) =>
    JSON.stringify({ figure, table: title, ...Object.fromEntries(columns.map((column, at) => [column, row[at]])) }),
  )
}

function toText(cell: Cell): string {
  if (typeof cell === 'string') return cell
  if (typeof cell === 'number') return round(cell)
  const { median, min, max } = cell
  return min === max ? round(median) : `${round(median)} (${round(min)}–${round(max)})`
}

/** Three digits, or all before the point. */
function round(number: number): string {
  if (!Number.isFinite(number)) return String(number)
  const digits = Math.abs(number) >= 100 ? 0 : Math.abs(number) >= 10 ? 1 : 2
  return Number(number.toFixed(digits)).toLocaleString('en-US', { minimumFractionDigits: digits })
}
