// What the package exports, types included, is what test/package/public-names.txt lists: a change of it is a change of that file.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as millrace from 'millrace'
import * as dashboard from 'millrace/dashboard'
import * as metrics from 'millrace/metrics'
import * as testing from 'millrace/testing'
import { expect, test } from 'vitest'

const entries: readonly (readonly [string, string, object])[] = [
  ['millrace', 'index.ts', millrace],
  ['millrace/testing', 'testing/index.ts', testing],
  ['millrace/dashboard', 'dashboard/index.ts', dashboard],
  ['millrace/metrics', 'dashboard/metrics/index.ts', metrics],
]

interface PublicName {
  readonly name: string
  readonly isType: boolean
}

/** The names that an index exports. It is nothing but lists of names from other files; anything else is refused. */
function publicNames(path: string): readonly PublicName[] {
  const text = readFileSync(fileURLToPath(new URL(`../../src/${path}`, import.meta.url)), 'utf8')
  const list = /^export (type )?\{([^}]*)\} from '[^']+'\n/gm
  const code = text.replace(/^\/\*\*.*?\*\/$|^\/\/[^\n]*$/gms, '')
  expect(code.replace(list, '').trim()).toBe('')
  return [...code.matchAll(list)].flatMap(([, onlyTypes, names = '']) =>
    names
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
      .map((name) => ({
        name: name.replace(/^type /, ''),
        isType: onlyTypes !== undefined || name.startsWith('type '),
      })),
  )
}

test('the public names are those of the list', async () => {
  const lines = entries.flatMap(([module, path]) =>
    publicNames(path)
      .map(({ name, isType }) => `${module} ${name}${isType ? ' (type)' : ''}\n`)
      .toSorted(),
  )
  await expect(lines.join('')).toMatchFileSnapshot('public-names.txt')
})

test.each(entries)('the values of %s are there when the program runs', (_, path, module) => {
  const values = publicNames(path).filter(({ isType }) => !isType)
  expect(Object.keys(module).toSorted()).toEqual(values.map(({ name }) => name).toSorted())
})
