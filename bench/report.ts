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
      return [`## ${name}: ${about}`, `\`${command}\``, reading, ...tables.map(toMarkdown), ''].join('\n\n')
    case 'text':
      return [`${name}: ${about}`, ...tables.map(toPlainText), ''].join('\n\n')
  }
}
