// README.md is the list of what a case may contain: the runner knows that, no less and no more.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { caseFields, readCase } from './case.ts'
import { notYet, type OperationFields, operations, reasonOf, reasonToSkip } from './operations.ts'
import { casePaths } from './suite.ts'
import { type FunctionKind, vocabulary } from './kinds.ts'

const page = readFileSync(new URL('README.md', import.meta.url), 'utf8')

/** The text between a heading that begins so and the next heading. */
function section(heading: string): string {
  const [, text] = page.split(`\n${heading}`)
  if (text === undefined) throw new Error(`README.md has no heading "${heading}"`)
  return text.split(/\n##/)[0] as string
}

/** The names of the first column, each with its row. */
function rows(text: string): Map<string, string> {
  const lines = text.split('\n').filter((line) => line.startsWith('| `'))
  return new Map(
    lines.flatMap((line) =>
      [...(line.split('|')[1] as string).matchAll(/`(\w+)(?:\([^`]*\))?`/g)].map(
        ([, name]) => [name as string, line] as const,
      ),
    ),
  )
}

const headings: Readonly<Record<FunctionKind, string>> = {
  value: '### value ',
  predicate: '### predicate ',
  key: '### key ',
  flat: '### flat ',
  aggregate: '### aggregate ',
  join: '### join ',
  process: '### process\n',
  processValues: '### processValues\n',
}

describe('the runner knows what README.md lists', () => {
  test.each(Object.entries(headings) as [FunctionKind, string][])('functions: %s', (kind, heading) => {
    const text = section(heading)
    // The second sentence of processValues names the ones that it shares with process.
    const shared = [...(text.split('as above')[0] as string).matchAll(/`(\w+)[^`]*`/g)].map(
      ([, name]) => name as string,
    )
    const listed = [...rows(text).keys(), ...(kind === 'processValues' ? shared : [])]
    expect(Object.keys(vocabulary[kind]).toSorted()).toEqual(listed.toSorted())
  })

  const listed = rows(section('## Operations'))

  test('operations', () => {
    expect(Object.keys(operations).toSorted()).toEqual([...listed.keys()].toSorted())
  })

  test.each(Object.entries(operations))('fields of %s', (op, fields) => {
    const row = listed.get(op) ?? ''
    expect(fieldsOf(fields).filter((field) => !new RegExp(`\\b${field}\\b`).test(row))).toEqual([])
  })

  test('fields of a case', () => {
    const text = section('## A case')
    for (const field of caseFields) expect(text).toContain(`\`${field}\``)
    for (const field of rows(text).keys()) {
      // What stands on a step has a row of its own.
      if (field !== 'ours') expect(caseFields).toContain(field)
    }
  })
})

/** The fields of an operation as they are called in a case. */
function fieldsOf({ fn, needs = [], may = [], either = [] }: OperationFields): string[] {
  const fields = [...needs, ...may, ...either].map((field) => (field === 'joinWindow' ? 'window' : field))
  return fn === undefined ? fields : ['fn', ...fields]
}

describe('what is not there yet', () => {
  const cases = fileURLToPath(new URL('cases', import.meta.url))
  const nodes = casePaths(cases).map((path) => {
    const place = join(cases, path)
    return readCase(readFileSync(place, 'utf8'), place).nodes
  })

  test.each(notYet.map((entry) => ({ reason: reasonOf(entry), entry })))(
    '$reason: some case asks for it',
    ({ entry }) => {
      expect(nodes.some((list) => reasonToSkip(list, [entry]) !== undefined)).toBe(true)
    },
  )

  test('each reason stands there once', () => {
    const reasons = notYet.map(reasonOf)
    expect(new Set(reasons).size).toBe(reasons.length)
  })
})
