// Help, and the page that is made of it.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { commandPage } from '../../src/command/page.ts'
import { verbs } from '../../src/command/verbs.ts'
import { runInProcess } from '../support/command.ts'

const page = readFileSync(fileURLToPath(new URL('../../docs/command.md', import.meta.url)), 'utf8')

test('docs/command.md says what the help says: npm run command:page writes it', async () => {
  expect(page).toBe(await commandPage())
})

test.each(verbs)('the help of $name is the one on the page, with two examples of it', async ({ name, load }) => {
  const asked = await runInProcess([...name.split(' '), '--help'])
  expect(asked).toMatchObject({ code: 0, stderr: '' })
  expect(page).toContain(asked.stdout)
  expect(await runInProcess(['help', ...name.split(' ')])).toEqual(asked)
  const { verb } = await load()
  expect(verb.examples.length).toBeGreaterThanOrEqual(2)
  for (const { line } of verb.examples) expect(line).toContain(`millrace ${name}`)
})

test('the lists of commands are help, and a missing command is a mistake', async () => {
  const all = await runInProcess(['--help'])
  expect(all).toMatchObject({ code: 0, stderr: '' })
  expect(page).toContain(all.stdout)
  expect(await runInProcess([])).toEqual(all)
  const topics = await runInProcess(['topic', '--help'])
  expect(topics.stdout).toMatch(/^Usage: millrace topic <command> \[options\]\n/)
  expect(topics.stdout).toMatch(/^ {2}topic list +Lists the topics$/m)
  expect(topics.stdout).not.toMatch(/^ {2}group/m)
  expect(await runInProcess(['topic'])).toEqual({ code: 2, stdout: '', stderr: topics.stdout })
})

test('help fits a narrow terminal, and has colours only where they are wanted', async () => {
  const narrow = await runInProcess(['topic', 'create', '--help'], { columns: 60, env: { NO_COLOR: '1' } })
  const text = narrow.stdout.slice(0, narrow.stdout.indexOf('Examples:'))
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60)
  expect(narrow.stdout).not.toContain('\u{1b}')
  const coloured = await runInProcess(['topic', 'create', '--help'], { columns: 60 })
  expect(coloured.stdout).toContain('\u{1b}[1mUsage:\u{1b}[22m')
})
