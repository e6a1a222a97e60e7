// The pages about streams and the architecture keep up with the code: they leave out no verb, no windows and no deviation,
// and name no file that is gone. What their examples do, examples.test.ts shows.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { readTree } from '../support/tidy.ts'
import { verbs } from '../support/verbs.ts'
import { kafkaNames } from './kafka-names.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const sideBySide = read('docs/kafka-streams.md')
const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, found = '']) => found)

test('every verb stands beside what Kafka Streams has for it', () => {
  const missing = verbs.map(({ verb }) => verb).filter((verb) => !new RegExp(`\\b${verb}\\b`).test(sideBySide))
  expect(missing, 'verbs without a row in docs/kafka-streams.md').toEqual([])
})

test.each(Object.entries(kafkaNames))('what Kafka Streams has in %s has a row, with ours or with none', (_, names) => {
  const rows = sideBySide
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split(' | ')[0])
    .join('\n')
  const escaped = (name: string): string => name.replaceAll('.', String.raw`\.`)
  const isThere = (name: string): boolean => new RegExp(String.raw`(?<![\w])${escaped(name)}(?!\w)`).test(rows)
  expect(names.filter((name) => !isThere(name) && !(name.endsWith('.') && rows.includes(name)))).toEqual([])
})

test('every kind of windows stands there, and on the page about streams', () => {
  const kinds = all(read('src/index.ts'), /\b(\w+Windows)\b/g)
  expect(kinds.length).toBeGreaterThan(5)
  expect(
    kinds.filter((kind) => !sideBySide.includes(`\`${kind}.of(`)),
    'windows without a row in docs/kafka-streams.md',
  ).toEqual([])
  expect(
    kinds.filter((kind) => !read('docs/streams.md').includes(`${kind}.of(`)),
    'windows without a row in docs/streams.md',
  ).toEqual([])
})

test('every deliberate difference has a row, under its number', () => {
  const rows = /^\| (D\d+) \|/gm
  const decided = all(read('test/conformance/README.md'), rows)
  expect(decided.length).toBeGreaterThan(10)
  expect(all(sideBySide, rows), 'the differences of docs/kafka-streams.md').toEqual(decided)
})

test('every reason for which records are dropped is explained', () => {
  const [, union = ''] = /type DropReason =\n((?: +\| '\w+'\n)+)/.exec(read('src/plan/operator.ts')) ?? []
  const reasons = all(union, /'(\w+)'/g)
  expect(reasons.length).toBeGreaterThan(5)
  expect(
    reasons.filter((reason) => !read('docs/streams.md').includes(`\`${reason}\``)),
    'reasons without a row in docs/streams.md',
  ).toEqual([])
})

test('the page of the architecture names files that exist', () => {
  const page = read('docs/architecture.md')
  const paths = Object.keys(readTree(root))
  const named = all(page, /`([\w./-]+\.ts)`/g)
  expect(named.length).toBeGreaterThan(100)
  expect(
    named.filter((name) => !paths.some((path) => `/${path}`.endsWith(`/${name}`))),
    'files that docs/architecture.md names and that are not there',
  ).toEqual([])
})

test('every file of a verb has its place on the page of the architecture', () => {
  const page = read('docs/architecture.md')
  const files = readdirSync(join(root, 'src/streams')).filter((name) => name.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(50)
  expect(
    files.filter((name) => !new RegExp(`[\`/]${name.replace('.', '\\.')}\``).test(page)),
    'name these in docs/architecture.md, in the table of the families of verbs',
  ).toEqual([])
})
