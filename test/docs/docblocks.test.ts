// Every public name is explained where it stands: a docblock each, and an example for whatever is called.
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { missingDocblocks } from '../support/docblocks.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const inRoot = (path: string): string => join(root, path)

const planted = `
export interface Bare {
  readonly bare: number
  /** Said. */
  readonly said: number
}
/** Said, with an example. @example call(1) */
export function said(): void {}
/** Said, without one. */
export const call = (one: number): number => one
/** @throws nothing is said of what it does */
export type Silent = 'a'
/** Said. @example new Class() */
export class Class {
  readonly #own = 1
  bare(): number { return this.#own }
  /** Said, but a verb. */
  static verb(): void {}
}
`

test('a public name without docblock or example is found', () => {
  const dir = temporaryDirectory()
  const config = join(dir, 'tsconfig.json')
  writeFileSync(config, '{ "compilerOptions": { "target": "es2023", "module": "esnext" }, "include": ["."] }')
  writeFileSync(join(dir, 'a.ts'), planted)
  writeFileSync(join(dir, 'index.ts'), `export { type Bare, said, call, type Silent, Class as Renamed } from './a.ts'`)
  const found = [
    'Bare: a docblock',
    'Bare.bare: a docblock',
    'call: an @example',
    'Silent: a docblock',
    'Renamed.bare: a docblock',
  ]
  expect(missingDocblocks(config, [{ path: join(dir, 'index.ts') }])).toEqual(found)
  expect(missingDocblocks(config, [{ path: join(dir, 'index.ts'), verbs: true }])).toEqual(
    expect.arrayContaining([...found, 'Renamed.bare: an @example', 'Renamed.verb: an @example']),
  )
})

test('every public name has a docblock, and whatever is called an example', () => {
  expect(
    missingDocblocks(inRoot('src/tsconfig.json'), [
      { path: inRoot('src/index.ts') },
      { path: inRoot('src/testing/index.ts') },
      { path: inRoot('src/dashboard/index.ts') },
      { path: inRoot('src/dashboard/metrics/index.ts') },
      ...readdirSync(inRoot('src/streams/dsl')).map((name) => ({
        path: inRoot(`src/streams/dsl/${name}`),
        verbs: true as const,
      })),
      { path: inRoot('src/streams/streams-builder.ts'), verbs: true },
    ]),
  ).toEqual([])
})
