// Reading TypeScript as text without being fooled by comments, strings and regular expressions: what the gates stand on.
import { posix } from 'node:path'

/** A stretch that is no code: a comment, a regular expression, a string up to its end or to its next `${`. */
const quiet = {
  comment: /\/\/.*|\/\*[^]*?\*\//y,
  string: /'(?:\\[^]|[^'\\\n])*'|"(?:\\[^]|[^"\\\n])*"/y,
  template: /(?:\\[^]|(?!\$\{)[^`\\])*/y,
  regex: /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y,
}

/** Whether a slash after this code starts a regular expression and is not a division. */
const regexMayFollow = /(?:^|[^\s\w$)\]}.]|\b(?:return|typeof|case|in|of|do|else|void|await|yield|throw))\s*$/

/**
 * The code of a source text and nothing else: comments, regular expressions and the insides of strings are blank, every
 * other character keeps its place. Code in `${…}` stays.
 */
export function codeOf(text: string): string {
  let code = ''
  const openBraces: number[] = []
  let depth = 0
  const match = (kind: RegExp): number => {
    kind.lastIndex = code.length
    return kind.exec(text)?.[0].length ?? 0
  }
  const blank = (count: number): void => {
    code += text.slice(code.length, code.length + count).replace(/[^\n]/g, ' ')
  }
  const keep = (): void => {
    code += text.charAt(code.length)
  }
  const template = (): void => {
    blank(match(quiet.template))
    if (text.charAt(code.length) === '$') {
      openBraces.push(depth++)
      code += '${'
    } else {
      keep()
    }
  }
  while (code.length < text.length) {
    const next = text.charAt(code.length)
    if (next === '/') {
      const comment = match(quiet.comment)
      const regex = comment === 0 && regexMayFollow.test(code.slice(-40)) ? match(quiet.regex) : 0
      if (comment + regex > 0) blank(comment + regex)
      else keep()
    } else if (next === "'" || next === '"') {
      const string = match(quiet.string)
      keep()
      if (string > 0) {
        blank(string - 2)
        keep()
      }
    } else {
      if (next === '{') depth++
      if (next === '}') depth--
      keep()
      if (next === '`') template()
      if (next === '}' && openBraces.at(-1) === depth) {
        openBraces.pop()
        template()
      }
    }
  }
  return code
}

/** The number of the line that holds a character. */
export function lineAt(text: string, at: number): number {
  return text.slice(0, at).split('\n').length
}

/** One import, export-from, type query or dynamic import of a file. */
export interface Import {
  readonly line: number
  readonly specifier: string
  /** The imported file as a path from the root, when the specifier is relative. */
  readonly path: string | undefined
  /** The imported package, when it is not. */
  readonly package: string | undefined
  /** Whether the whole statement is for types and leaves nothing behind in JavaScript. */
  readonly isType: boolean
}

/** Where the statement of an import or export begins. */
const statementOf = (code: string, at: number): number =>
  Math.max(code.lastIndexOf('import', at), code.lastIndexOf('export', at))

/** Every import of a file, type-only ones included. */
export function importsOf(path: string, text: string): Import[] {
  const code = codeOf(text)
  return [...code.matchAll(/(?:\bfrom|\bimport|\b(?:import|require)\s*\()\s*(['"`]) *\1/g)].map((found) => {
    const end = found.index + found[0].length - 1
    const specifier = text.slice(text.lastIndexOf(found[1] as string, end - 1) + 1, end)
    const relative = specifier.startsWith('.')
    return {
      line: lineAt(text, end),
      specifier,
      path: relative ? posix.join(posix.dirname(path), specifier) : undefined,
      package: relative ? undefined : /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0],
      isType: /^(?:im|ex)port\s+type\b/.test(code.slice(statementOf(code, found.index))),
    }
  })
}
