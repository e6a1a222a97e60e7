/**
 * Text from elsewhere, made harmless for whatever shows it: a terminal, a log file, a page. What has no form of its own
 * is written out.
 */

/** Controls (C0, DEL, C1), formats such as direction marks, halves of surrogate pairs, and line separators. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** The text with every invisible character written as in JSON, which stays JSON by it: `\n`, `\u001b`. */
export function escaped(text: string): string {
  return text.replace(unseen, escapeOf)
}

/** As {@link escaped}, but lines stay lines. */
export function escapedLines(text: string): string {
  return text.replace(unseen, (character) => (character === '\n' ? character : escapeOf(character)))
}

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escapeOf(character: string): string {
  const short = shortEscapes[character]
  if (short !== undefined) return short
  return Array.from({ length: character.length }, (_, at) => hexUnit(character.charCodeAt(at))).join('')
}

function hexUnit(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`
}
