// The list of examples is complete, its commands name the files beside them, and each example fits on one screen.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const examples = fileURLToPath(new URL('../../examples', import.meta.url))
const list = readFileSync(join(examples, 'README.md'), 'utf8')
const files = readdirSync(examples).filter((name) => name.endsWith('.ts'))

test('every example has its row, in the order of the numbers', () => {
  const rows = [...list.matchAll(/^\| (\d+) \| \[(.+)\]\((.+)\) \| .+ \| `(.+)` \|$/gm)].map(
    ([, number, name = '', link, command]) => ({ number: Number(number), name, link, command }),
  )
  expect(rows.map(({ number }) => number)).toEqual(files.map((_, index) => index + 1))
  expect(rows.map(({ name }) => name).toSorted()).toEqual(files.toSorted())
  for (const { name, link, command } of rows) {
    expect(link).toBe(name)
    expect([`npx tsx examples/${name}`, `npm run ${name.replace('.ts', '')}`]).toContain(command)
  }
})

test('every place that the list links to exists', () => {
  for (const [, path = ''] of list.matchAll(/\]\(([^)]+)\)/g)) expect(existsSync(join(examples, path))).toBe(true)
})

/** A whole story takes a little more. */
const linesMax = (name: string): number => (['replay.ts', 'opentelemetry.ts'].includes(name) ? 80 : 60)

test.each(files.map((name) => [name, linesMax(name)] as const))('%s has at most %i lines', (name, most) => {
  expect(readFileSync(join(examples, name), 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(most)
})
