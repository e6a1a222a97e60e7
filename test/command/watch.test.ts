// `millrace run --watch`: starts again when something changes, waits while it is wrong, ends with who started it.
import { expect, test } from 'vitest'
import { openLog } from 'millrace'
import { ScriptProject } from '../support/script-project.ts'

const script = (text: string): string => `import { StreamsBuilder, string, topic } from 'millrace'
import { name } from './src/name.js'

const builder = new StreamsBuilder()
builder.stream(topic('words', { key: string(), value: string() })).foreach(() => undefined)
export default () => {
  console.log(\`${text} \${name}\`)
  return builder
}
`
const named = (name: string): string => `export const name: string = '${name}'\n`

test('it starts again when the script changes or a file that it imports, and waits while they are wrong', async () => {
  const project = new ScriptProject({ 'words.ts': script('hello'), 'src/name.ts': named('Ann') })
  const program = project.start('run', 'words.ts', '--watch')
  expect(await program.line()).toBe('hello Ann')
  project.write('src/name.ts', named('Bob'))
  expect(await program.line()).toBe('hello Bob')
  await program.complains('src/name.ts has changed: starting again\n')
  project.write('words.ts', `${script('goodbye')}const a = = 1\n`)
  await program.complains('waiting for a change')
  expect(program.errors).toMatch(/^millrace: words\.ts:10:1[01]: SyntaxError: /m)
  project.write('words.ts', script('goodbye').replace('name.js', 'other.js'))
  await program.complains(`other.js' imported from`)
  project.write('src/other.ts', named('Eve'))
  expect(await program.line()).toBe('goodbye Eve')
  program.signal('SIGTERM')
  expect(await program.exited).toEqual({ code: 143, signal: null })
  await using log = await openLog(project.data, { maintenance: false })
  expect(await log.admin.describeApplication('words')).toMatchObject({ state: 'stopped', instance: null, fenced: null })
})

test('a run that has ended waits for a change too, and one whose watcher was killed ends by itself', async () => {
  const project = new ScriptProject({ 'words.ts': script('hello'), 'src/name.ts': named('Ann') })
  const program = project.start('run', 'words.ts', '--watch', '--until-end')
  expect(await program.line()).toBe('hello Ann')
  await program.complains('it has ended; waiting for a change')
  program.signal('SIGINT')
  expect(await program.exited).toEqual({ code: 130, signal: null })
  const killed = project.start('run', 'words.ts', '--watch')
  expect(await killed.line()).toBe('hello Ann')
  killed.kill()
  await killed.exited // its streams are closed, also those that the run has
  await using log = await openLog(project.data, { maintenance: false })
  expect(await log.admin.describeApplication('words')).toMatchObject({ state: 'stopped', instance: null })
})

test('a script that is not there is said at once, and nothing is watched', async () => {
  const project = new ScriptProject({ 'words.ts': '' })
  expect(await project.run('run', 'word.ts', '--watch')).toMatchObject({ code: 3, stdout: '' })
})
