/**
 * A command line as far as it is typed, in words: what a shell would make of its quotes, without doing anything that it
 * says. Nothing is expanded: `$(…)` is text.
 */

/** The word at the cursor. */
export interface CurrentWord {
  /** What is typed of it, without its quotes. */
  readonly text: string
  /** The quote that is open at the cursor. */
  readonly quote: '' | "'" | '"'
  /** How much of `text` stands before what the shell replaces. */
  readonly from: number
}

export interface TypedLine {
  /** The words before the cursor, without their quotes; the first is the command. */
  readonly words: readonly string[]
  readonly current: CurrentWord
}

/** What a backslash makes ordinary between double quotes. */
const escapable = '$`"\\'

/**
 * @param line up to the cursor
 * @param breaks characters at which the shell begins another word to replace; bash has `=` and `:` among them
 */
export function readTypedLine(line: string, breaks = ''): TypedLine {
  const words: string[] = []
  let text = ''
  let isWord = false
  let quote: CurrentWord['quote'] = ''
  let from = 0
  for (let at = 0; at < line.length; at++) {
    const char = line[at] as string
    if (quote === '' && /\s/.test(char)) {
      if (isWord) words.push(text)
      text = ''
      isWord = false
      from = 0
      continue
    }
    isWord = true
    if (char === quote) quote = ''
    else if (quote === '' && (char === "'" || char === '"')) {
      quote = char
      from = text.length
    } else if (char === '\\' && quote !== "'") {
      const next = line[at + 1] ?? ''
      text += quote === '' || escapable.includes(next) ? next : `\\${next}`
      at++
    } else {
      text += char
      if (quote === '' && breaks.includes(char)) from = text.length
    }
  }
  return { words, current: { text, quote, from } }
}

/** What bash is to insert for a word: it takes what it gets as it is. Undefined where the open quote cannot hold it. */
export function insertedByBash(word: string, { quote, from }: CurrentWord): string | undefined {
  const rest = word.slice(from)
  if (quote === "'") return rest.includes("'") ? undefined : rest
  if (quote === '"') return rest.includes('!') ? undefined : rest.replaceAll(/[$`"\\]/g, '\\$&')
  return rest.replaceAll(/[^\p{L}\p{N}_@%+=:,./-]/gu, '\\$&')
}
