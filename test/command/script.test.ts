// Scripts of users: how they are found, loaded and understood, and what is said where that does not work.
import { expect, test } from 'vitest'
import { ScriptProject } from '../support/script-project.ts'

const words = `import { StreamsBuilder, string, topic } from 'millrace'

interface Word { readonly text: string }
const builder = new StreamsBuilder()
builder
  .stream(topic('words', { key: string(), value: string() }))
  .mapValues(({ value }): Word => ({ text: value }))
  .foreach(({ value }) => console.log(value.text))
`

test.each([
  ['installed', 'installed'],
  ['not there, so that the command gives its own', 'none'],
  ['another copy, which runs it then', 'copy'],
] as const)('the millrace of a script may be %s', async (_, millrace) => {
  const project = new ScriptProject({ 'words.ts': `${words}export default builder` }, { millrace })
  const ran = await project.run('run', 'words.ts', '--until-end', '--json')
  expect(ran).toMatchObject({ code: 0 })
  expect(JSON.parse(ran.stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ state: 'closed' })
})

test('what another copy of millrace says is said as its own', async () => {
  const wider = `${words.replace('value: string()', 'value: string(), partitions: 3')}export default builder`
  const project = new ScriptProject({ 'words.ts': wider }, { millrace: 'copy' })
  await project.run('topic', 'create', 'words')
  const ran = await project.run('run', 'words.ts')
  expect(ran).toMatchObject({ code: 1, stdout: '' })
  expect(ran.stderr).toMatch(/^millrace: the topic "words" .*\(partitions_differ\)$/m)
})

const syntax = `const a: number = 1
const b = = 2
`
const typed = `export interface A { readonly a: string }

const deep = (a: A): never => {
  throw new TypeError(\`\${a.a}\u001b[2J\`)
}
deep({ a: 'x' })
`

test.each([
  [
    'a syntax error',
    { 'a.ts': syntax },
    /^millrace: a\.ts:2:1[01]: SyntaxError: .*\n {2}2 \| const b = = 2\n {4}\| +\^\n$/,
  ],
  ['one in what it imports', { 'a.ts': `import './b.ts'`, 'b.ts': syntax }, /^millrace: b\.ts:2:1[01]: SyntaxError/],
  ['one in JavaScript', { 'a.ts': `import './b.js'`, 'b.js': 'let a = = 2' }, /^millrace: b\.js:1:9: SyntaxError/],
  ['an import of a name that is not there', { 'a.ts': `import { no } from 'millrace'\nno()` }, /SyntaxError: .*'no'/],
  ['an import of a file that is not there', { 'a.ts': `import './no.js'` }, /^millrace: a\.ts: Cannot find .*no\.js/],
  ['a throw', { 'a.ts': typed }, /^millrace: a\.ts:4:9: TypeError: x\\u001b\[2J\n {2}4 \|   throw/],
  ['a throw of what is no error', { 'a.ts': `throw 'away'` }, /^millrace: a\.ts: threw away\n$/],
  [
    'a throw in a timer',
    { 'a.ts': 'setTimeout(() => { throw new Error("late") }); await new Promise((r) => setTimeout(r, 1e6))' },
    /^millrace: a\.ts:1:26: late\n/,
  ],
  ['an await without an end', { 'a.ts': 'await new Promise(() => undefined)' }, /^millrace: a\.ts never finishes/],
  ['process.exit', { 'a.ts': 'process.exit(0)' }, /^millrace: the script ended the process .* exit code 0\n$/],
])('%s is a line with its place, and no stack', async (_, files, complaint) => {
  const project = new ScriptProject(files)
  const ran = await project.run('describe', 'a.ts')
  expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(complaint) as string })
  expect(ran.stderr).not.toMatch(/^ +at /m)
})

test('with the tsx of the project the place is the same, and --verbose shows the stack', async () => {
  const project = new ScriptProject({ 'syntax.ts': syntax, 'typed.ts': typed }, { hasTsx: true })
  expect((await project.run('describe', 'syntax.ts')).stderr).toMatch(
    /^millrace: syntax\.ts:2:11: SyntaxError: Unexpected "="\n {2}2 \| const b = = 2\n/,
  )
  const { stderr } = await project.run('describe', 'typed.ts', '--verbose')
  expect(stderr).toMatch(/^millrace: typed\.ts:4:9: TypeError: x\\u001b\[2J\n {2}4 \|/)
  expect(stderr).toMatch(/^ +at deep \(.*typed\.ts:4:9\)$/m)
})

test('what is more than types is said to need tsx, and works with it', async () => {
  const script = `${words}enum Kind { A }\nexport default () => (Kind.A === 0 ? builder : Kind)`
  const without = await new ScriptProject({ 'words.ts': script }).run('describe', 'words.ts')
  expect(without).toMatchObject({ code: 1 })
  expect(without.stderr).toMatch(/^millrace: words\.ts:9:1: SyntaxError: .*enum.*npm i -D tsx/)
  const ran = await new ScriptProject({ 'words.ts': script }, { hasTsx: true }).run('describe', 'words.ts')
  expect(ran).toMatchObject({ code: 0, stderr: '' })
})

test('scripts in JavaScript, and imports as the compiler has them, need nothing', async () => {
  const project = new ScriptProject({
    'src/words.js': words.replaceAll(/interface.*|: Word/g, '').concat('export const topology = builder.build()'),
    'src/index.ts': `import { topology } from './words.js'\nimport { one } from './one.js'\nexport default one(topology)`,
    'src/one.ts': 'export const one = <T>(value: T): T => value',
  })
  for (const script of ['src/words.js', 'src/index.ts']) {
    expect(await project.run('describe', script)).toMatchObject({ code: 0, stderr: '' })
  }
})

test('a script that asks for the log gets the one of the directory, to be read by describe', async () => {
  const script = `${words}export default async ({ log }) => {
  console.log((await log.admin.listTopics()).length)
  if (process.argv.includes('--mermaid')) await log.admin.createTopic({ name: 'more' })
  return builder
}`
  const project = new ScriptProject({ 'words.ts': script })
  const without = await project.run('describe', 'words.ts')
  expect(without).toMatchObject({ code: 1, stdout: '' })
  expect(without.stderr).toContain('asks for the log')
  const run = await project.run('run', 'words.ts', '--until-end')
  expect(run).toMatchObject({ code: 0, stdout: '0\n' })
  expect((await project.run('describe', 'words.ts')).stdout).toMatch(/^1\nTopologies:\n/)
  const writing = await project.run('describe', 'words.ts', '--mermaid')
  expect(writing).toMatchObject({ code: 1, stderr: expect.stringContaining('(read_only)') as string })
})
