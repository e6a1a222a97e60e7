// The page of the tests is true: every folder has a row, and every command and every page that it names exists.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const folder = fileURLToPath(new URL('..', import.meta.url))
const page = readFileSync(join(folder, 'README.md'), 'utf8')

test('every folder of the tests has a row', () => {
  const section = /^## Which folder proves what$(.*?)^## /ms.exec(page)?.[1] ?? ''
  const rows = [...section.matchAll(/^\| (.*?) \|/gm)].flatMap(([, names = '']) =>
    [...names.matchAll(/`([a-z]+)`/g)].map(([, name]) => name),
  )
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(new Set(rows)).toEqual(new Set(folders.map(({ name }) => name)))
})

test('every npm script that it names exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(folder, '../package.json'), 'utf8')) as { scripts: object }
  const named = [...page.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name)
  expect(new Set(named).size).toBeGreaterThan(5)
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named))
})

test('every page that it links to exists', () => {
  const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, path = '']) => path)
  expect(links.length).toBeGreaterThan(3)
  expect(links.filter((path) => !existsSync(join(folder, path)))).toEqual([])
})
