/**
 * What is printed about a figure: for people, as a section of docs/performance.md, or for machines.
 */
import type { Figure } from './figure.ts'
import { type Table, toJsonLines, toMarkdown, toPlainText } from './table.ts'

export type Format = 'text' | 'markdown' | 'json'

export function report(format: Format, figure: Figure, command: string, tables: readonly Table[]): string {
  const { name, about, reading } = figure
  switch (format) {
    case 'json':
      return tables.flatMap((table) => toJsonLines(name, table)).join('\n')
    case 'markdown':
      return [`## ${name}: ${about}`, `\`${command}\``, wrapped(reading), ...tables.map(toMarkdown), ''].join('\n\n')
    case 'text':
      return [`${name}: ${about}`, ...tables.map(toPlainText), ''].join('\n\n')
  }
}

/** The words on lines of at most 120 columns, as on every page of docs. */
function wrapped(words: string): string {
  return words.replace(/(?=\S)(.{1,120})(?: +|$)/g, '$1\n').trimEnd()
}
