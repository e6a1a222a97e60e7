// The cases hold in every mode of the engine, and the runner sees what is wrong with a wrong case.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { type Case, readCase } from './case.ts'
import { modes, modesOf, play } from './play.ts'
import { report } from './report.ts'
import { casePaths, runCase } from './suite.ts'

const folder = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const cases = folder('cases')
const paths = casePaths(cases)
const features = new Set(paths.map((path) => path.split('/')[0] as string))

describe('millrace answers as the cases say', () => {
  test.each([...features])('%s', (feature) => {
    const results = paths.filter((path) => path.startsWith(`${feature}/`)).map((path) => runCase(cases, path))
    expect(results).not.toEqual([])
    expect(results.filter(({ outcome }) => outcome === 'failed')).toEqual([])
  })
})

/** The names of wrong cases, and what the runner must say about each; nothing about those that are right. */
const wrong: Readonly<Record<string, string>> = {
  'control-aggregate': '',
  'control-stateless': '',
  'control-set': '',
  'control-table': '',

  // Other answers.
  value:
    'step 1: {"topic":"in","key":"a","value":"y","ts":5}: topic "out"\n    expected {"key":"a","value":3,"ts":5}\n    got      {"key":"a","value":2,"ts":5}',
  timestamp: 'expected {"key":"a","value":2,"ts":6}\n    got      {"key":"a","value":2,"ts":5}',
  key: 'expected {"key":"b","value":1,"ts":0}\n    got      {"key":"a","value":1,"ts":0}',
  'null-value': 'expected {"key":"a","value":null,"ts":0}\n    got      {"key":"a","value":1,"ts":0}',
  order:
    'expected {"key":"a","value":"Y","ts":0}, {"key":"a","value":"X","ts":0}\n    got      {"key":"a","value":"X","ts":0}, {"key":"a","value":"Y","ts":0}',
  'missing-record': '{"key":"a","value":"Z","ts":0}\n    got',
  'unexpected-record': 'expected nothing\n    got      {"key":"a","value":2,"ts":5}',
  'record-of-another-step': 'step 1: {"topic":"in","key":"a","value":"y","ts":5}: topic "out"\n    expected nothing',
  header: '"headers":[["h","1"],["p",null]]}\n    got',
  window:
    'expected {"key":{"key":"a","start":0,"end":11},"value":2,"ts":5}\n    got      {"key":{"key":"a","start":0,"end":10}',
  set: 'expected {"key":"a","value":"Y","ts":0}, {"key":"a","value":"Y","ts":0}\n    got      {"key":"a","value":"X","ts":0}',
  table: 'expected {"key":"a","value":2,"ts":4}\n    got      {"key":"a","value":2,"ts":5}',
  'final-store-value': 'final store "agg"\n    expected ["a",3,5]\n    got      ["a",2,5]',
  'final-store-timestamp': 'final store "agg"\n    expected ["a",2,0]\n    got      ["a",2,5]',
  'final-store-row': 'final store "agg"\n    expected ["a",2,5], ["b",1,0]\n    got      ["a",2,5]',
  failure: 'expected no error\n    got      MillraceError: in[0] offset 0: a function of flatMap-1 threw',
  'dead-letter': 'expected {"key":"a","value":"bad!","ts":7}\n    got      {"key":"a","value":"bad","ts":7}',
  'no-failure': 'expected a failed record\n    got      no error',
  refused: 'MillraceError: "a/b" cannot be the name of a store',
  'not-refused': 'the topology\n    expected to be refused\n    got      no error',

  // Expectations that nothing is compared with.
  'unread-topic': 'step 1: expects records in topic "other", which no operator writes',
  'unread-empty-topic': 'step 1: expects records in topic "other", which no operator writes',
  'unread-store': 'final store "other": no operator has it',
  'store-type': 'store "agg" is declared as window, but is a timestamped one',
  'undeclared-store': 'finalStores: store "agg" is not declared in stores',
  'nothing-expected': 'expects nothing',
  'ours-without-deviation': 'has `ours`, but is no deviation',

  // What is not on the page of the contract, even where the case cannot be run yet.
  'unknown-operation': 'unknown operation "counts"',
  'unknown-operation-of-a-skipped-case': 'unknown operation "counts"',
  'unknown-window': 'expected one of tumbling, hopping, sliding, session, unlimited, got "sesion"',
  'unknown-function': 'mapValues "m": fn: unknown value function "uppper"',
  'unknown-function-of-a-skipped-case': 'process "m": fn: unknown process function "passs"',
  'function-without-argument': 'value function "concat": concat takes an argument',
  'function-with-argument': 'value function "upper(1)": upper takes no argument',
  'unknown-field-of-a-case': 'unknown field "finalStore"',
  'unknown-config': 'expected one of skip, deadLetter, got "retry"',
  'unknown-field-of-a-node': 'unknown field "storee"',
  'unknown-field-of-a-record': 'unknown field "offset"',
  'unknown-field-of-a-step': 'unknown field "expects"',

  // Parts that do not fit together.
  'function-of-another-type': 'a function got "x", but takes a long',
  'type-of-a-topic': 'the value of topic "out" is long, but gets "string"',
  'undeclared-topic': 'topic "inn" is not declared',
  'input-that-comes-later': 'no node before it is called "c"',
  'input-of-another-kind': '"s" is a stream, not a grouped',
}

/** Wrong in what is compared: each mode must see it by itself. */
const answeredWrongly = [
  'value',
  'timestamp',
  'key',
  'null-value',
  'order',
  'missing-record',
  'unexpected-record',
  'header',
  'window',
  'set',
  'table',
  'final-store-value',
  'final-store-timestamp',
  'final-store-row',
  'dead-letter',
  'unread-topic',
]

const wrongCases = folder('wrong')
const wrongCase = (name: string): Case => {
  const path = join(wrongCases, `${name}.json`)
  return readCase(readFileSync(path, 'utf8'), path)
}

describe('the runner sees what is wrong', () => {
  test('every wrong case is on the list', () => {
    expect(casePaths(wrongCases)).toEqual(
      Object.keys(wrong)
        .map((name) => `${name}.json`)
        .toSorted(),
    )
  })

  test.each(Object.entries(wrong))('%s', (name, says) => {
    const { outcome, reasons } = runCase(wrongCases, `${name}.json`)
    expect(reasons.join('\n')).toContain(says)
    expect(outcome).toBe(says === '' ? 'passed' : 'failed')
  })

  test.each(modes)('in the mode "$name"', (mode) => {
    const controls = Object.keys(wrong).filter((name) => name.startsWith('control-'))
    expect(controls.flatMap((name) => play(wrongCase(name), mode))).toEqual([])
    expect(answeredWrongly.filter((name) => play(wrongCase(name), mode).length === 0)).toEqual([])
  })

  test('and says so', () => {
    const lines: string[] = []
    expect(report(wrongCases, (line) => lines.push(line))).toBe(false)
    expect(lines).toContainEqual(expect.stringMatching(/^FAILED unknown-operation.json\n {2}case.nodes/))
    expect(lines.at(-1)).toBe(`4 passed, ${Object.keys(wrong).length - 4} failed, 0 skipped`)
    expect(report(join(cases, 'windows-unlimited'), (line) => lines.push(line))).toBe(true)
    expect(lines.at(-2)).toMatch(/^windows-unlimited .* 3 passed {4}0 failed {4}0 skipped$/)
  })

  test('a case is read anew after a crash only where the order of time is that of the steps', () => {
    const names = (path: string): string[] => {
      const place = join(cases, path)
      return modesOf(readCase(readFileSync(place, 'utf8'), place)).map(({ name }) => name)
    }
    expect(names('stateless/merge-keeps-arrival-order.json')).not.toContain('one commit, after a crash')
    expect(names('aggregate/count-every-update.json')).toContain('one commit, after a crash')
  })
})
