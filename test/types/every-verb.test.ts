// The tests of types leave out no verb: each has a call whose type is stated, and one that does not compile.
import { readdirSync, readFileSync } from 'node:fs'
import { StreamsBuilder, Topology } from 'millrace'
import { expect, test } from 'vitest'
import { bareVerbs, verbs } from '../support/verbs.ts'

const folder = new URL('.', import.meta.url)
const lines = readdirSync(folder)
  .filter((name) => name.endsWith('.test.ts') && name !== 'every-verb.test.ts')
  .flatMap((name) => readFileSync(new URL(name, folder), 'utf8').split('\n'))

const methodsOf = ({ prototype }: { readonly prototype: object }): string[] =>
  Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor')
const every = new Set([
  ...verbs.map(({ verb }) => verb),
  ...bareVerbs.map((title) => title.replace(/^.*\./, '')),
  ...methodsOf(StreamsBuilder).filter((verb) => verb !== 'build'),
  ...methodsOf(Topology),
])

/** Whether one of the lines calls the verb. */
const calls = (verb: string, given: readonly string[]): boolean =>
  given.some((line) => new RegExp(String.raw`\.${verb}(<[^(]*>)?\(`).test(line))

test('a call of each verb is refused', () => {
  const refused = lines.filter((_, at) => lines[at - 1]?.includes('@ts-expect-error'))
  expect([...every].filter((verb) => !calls(verb, refused))).toEqual([])
})

test('what comes of each verb is stated', () => {
  const text = lines.join('\n')
  const stated = [...text.matchAll(/expectTypeOf\(/g)].map(({ index }) => whatIsExpected(text, index))
  expect([...every].filter((verb) => !calls(verb, stated))).toEqual([])
})

/** What stands in the brackets after a place; of a name, what it is a name for. */
function whatIsExpected(text: string, at: number): string {
  const start = text.indexOf('(', at)
  let end = start
  let depth = 0
  do depth += { '(': 1, ')': -1 }[text[end++] ?? ')'] ?? 0
  while (depth > 0)
  const given = text.slice(start + 1, end - 1)
  const [, name] = /^\s*(\w+)(?:\.\w+)?\s*$/.exec(given) ?? []
  return name === undefined ? given : text.slice(text.lastIndexOf(`const ${name} = `, at), at)
}
