// What a script may export, and which file is meant by a script.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { NothingFound, UsageError } from '../../src/command/exit-codes.ts'
import { findScript } from '../../src/command/script/find-script.ts'
import { type Ran, runInProcess } from '../support/command.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const words = `import { StreamsBuilder, string, topic } from 'millrace'

const builder = new StreamsBuilder()
builder.stream(topic('words', { key: string(), value: string() })).foreach(() => undefined)
`

/** Describes a script that ends with this. */
function describeScript(end: string): Promise<Ran> {
  const path = join(temporaryDirectory(), 'words.ts')
  writeFileSync(path, words + end)
  return runInProcess(['describe', path])
}

test.each([
  ['a topology of the name topology', 'export const topology = builder.build()'],
  ['a topology as the default', 'export default builder.build()'],
  ['a builder', 'export default builder'],
  ['a function that returns a builder', 'export default () => builder'],
  ['a function that resolves with a topology', 'export default async () => builder.build()'],
  ['a function that is told the id', `export default ({ applicationId }) => applicationId === 'words' ? builder : 5`],
])('a script may export %s', async (_, end) => {
  const ran = await describeScript(end)
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  expect(ran.stdout).toContain('Source words (topics: words) --> foreach-1')
})

test.each([
  ['nothing', '', 1, 'words.ts exports nothing. For this command to run it, export a topology'],
  ['something else', 'export const names = []', 1, 'words.ts exports only names. For this command'],
  ['a number', 'export default 5', 1, 'words.ts: its export default is 5. For this command'],
  [
    'a function that returns a number',
    'export default () => 5',
    1,
    'words.ts: its export default returns 5. For this command',
  ],
  ['a function that throws', 'export default () => { throw new RangeError("x") }', 1, 'RangeError: x'],
  ['an empty builder', 'export default new StreamsBuilder()', 1, 'the topology has no source (topology_invalid)'],
  ['a misspelt option', 'export default builder; export const config = { onErr: 1 }', 2, 'Did you mean "onError"?'],
  ['a log of its own', 'export default builder; export const config = { log: 1 }', 2, 'has no option "log"'],
])('a script that exports %s is told what is wanted', async (_, end, code, complaint) => {
  const ran = await describeScript(end)
  expect(ran).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(complaint) as string })
  expect(ran.stderr).not.toMatch(/^ +at /m)
})

test('the script of docs/running.md is one, and its config names it', async () => {
  const page = readFileSync(new URL('../../docs/running.md', import.meta.url), 'utf8')
  const [, text] = /^```ts\n(\/\/ topology\.ts\n.*?)^```$/ms.exec(page) ?? []
  const dir = temporaryDirectory()
  writeFileSync(join(dir, 'topology.ts'), text ?? '')
  const env = { MILLRACE_DIR: join(dir, 'data') }
  const ran = await runInProcess(['run', join(dir, 'topology.ts'), '--until-end', '--json'], { env })
  expect(ran).toMatchObject({ code: 0 })
  expect(JSON.parse(ran.stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
    applicationId: 'loud-words',
    state: 'closed',
  })
})

test('a script is found, and what is none is said with what is near', () => {
  const dir = temporaryDirectory()
  for (const name of ['visits.ts', 'notes.txt']) writeFileSync(join(dir, name), '')
  const refused = (name: string, kind: typeof UsageError, complaint: string): void => {
    const find = (): unknown => findScript(join(dir, name))
    expect(find).toThrow(kind)
    expect(find).toThrow(complaint)
  }
  expect(findScript(join(dir, 'visits.ts'))).toMatch(/visits\.ts$/)
  refused('vists.ts', NothingFound, `did you mean ${join(dir, 'visits.ts')}?`)
  refused('other.js', NothingFound, '; there is visits.ts')
  refused('src/a.ts', NothingFound, 'there is no script')
  refused('.', UsageError, 'is a directory: name the script in it')
  refused('notes.txt', UsageError, 'its name does not end with any of .ts')
})
