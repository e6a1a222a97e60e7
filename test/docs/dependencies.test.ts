// docs/dependencies.md knows every package of package.json, with its licence, and every package that those bring along.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8')
const readJson = (path: string): unknown => JSON.parse(read(path))

const [installed = '', developing = ''] = read('docs/dependencies.md').split('\n## ').slice(1)

/** The first two columns of a section's tables: packages and licences. */
function rowsOf(section: string): readonly (readonly [string, string])[] {
  return [...section.matchAll(/^\| `(.+?)`.*? \| (.+?) \|/gm)].map(([, name = '', licence = '']) => [name, licence])
}

const { dependencies, devDependencies } = readJson('package.json') as Record<string, Record<string, string>>

test.each([
  ['dependencies', dependencies, installed.slice(0, installed.indexOf('What these bring along'))],
  ['devDependencies', devDependencies, developing],
])('each of the %s has a row with its licence, and no row is left over', (_, packages = {}, section) => {
  const rows = Object.keys(packages).map((name) => {
    const { license } = readJson(`node_modules/${name}/package.json`) as { license: string }
    return [name, license] as const
  })
  expect(rows.length).toBeGreaterThan(3)
  expect(Object.fromEntries(rowsOf(section))).toEqual(Object.fromEntries(rows))
})

test('whatever a user installs with them has a row', () => {
  interface Locked {
    readonly dev?: boolean
    readonly os?: readonly string[]
    readonly license?: string
  }
  const { packages } = readJson('package-lock.json') as { packages: Record<string, Locked> }
  const forAllPlatforms = Object.entries(packages)
    .filter(([path, { dev, os }]) => path !== '' && dev !== true && os === undefined)
    .map(([path, { license = '' }]) => [path.replace(/.*node_modules\//, ''), license])
  expect(forAllPlatforms.length).toBeGreaterThan(10)
  expect(rowsOf(installed)).toEqual(expect.arrayContaining(forAllPlatforms))
})
