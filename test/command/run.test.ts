// What `millrace run` does to an application: kills, a second instance, failures, readers that go away.
import { expect, test } from 'vitest'
import { type Log, nullable, openLog, string, topic } from 'millrace'
import { ScriptProject } from '../support/script-project.ts'

const words = topic('words', { key: nullable(string()), value: string() })
const loud = topic('loud', { key: nullable(string()), value: string() })

const script = `import { nullable, StreamsBuilder, string, topic } from 'millrace'

const form = { key: nullable(string()), value: string() }
const builder = new StreamsBuilder()
builder
  .stream(topic('words', form))
  .mapValues(({ value }) => {
    if (value === 'bad') throw new RangeError('cannot take \\u001b[31mthis')
    return value.toUpperCase()
  })
  .to(topic('loud', form))
export default builder
export const config = { applicationId: 'shouting', commit: { everyRecords: 50 } }
`

async function valuesOf(log: Log): Promise<string[]> {
  const values: string[] = []
  for await (const { value } of log.read(loud)) values.push(value)
  return values
}

test('a run that is killed and started again loses nothing and doubles nothing', async () => {
  const project = new ScriptProject({ 'words.ts': script })
  await using log = await openLog(project.data, { maintenance: false })
  const sent: string[] = []
  const producer = log.producer()
  const send = async (): Promise<void> => {
    const values = Array.from({ length: 2_000 }, (_, at) => `w${sent.length + at}`)
    await producer.sendMany(
      words,
      values.map((value) => ({ key: null, value })),
    )
    sent.push(...values)
  }
  const written = async (): Promise<number> => (await log.admin.endOffsets('loud'))[0] ?? 0
  await send()
  for (let kills = 0; kills < 3; kills++) {
    const program = project.start('run', 'words.ts', '--json')
    await program.line()
    const before = await written()
    await send()
    while ((await written()) <= before) await new Promise(setImmediate)
    program.kill()
    await program.exited
  }
  const ran = await project.run('run', 'words.ts', '--until-end', '--json')
  expect(JSON.parse(ran.stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
    applicationId: 'shouting',
    state: 'closed',
    consumed: { words: sent.length },
    produced: { loud: sent.length },
    lag: 0,
  })
  expect(await valuesOf(log)).toEqual(sent.map((value) => value.toUpperCase()))
})

test('a second run takes over, says so before, and the first one ends with what has happened', async () => {
  const project = new ScriptProject({ 'words.ts': script })
  const first = project.start('run', 'words.ts', '--json')
  await first.line()
  const second = project.start('run', 'words.ts', '--json')
  await second.line()
  await second.complains('that one stops\n')
  expect(second.errors).toMatch(
    /^shouting is already running, pid \d+ on .*: this instance takes over, and that one stops\n$/,
  )
  expect(await first.exited).toEqual({ code: 1, signal: null })
  expect(first.errors).toMatch(/^millrace: .* \(fenced\)$/m)
  second.signal('SIGINT')
  expect(await second.exited).toEqual({ code: 130, signal: null })
})

test('a second Ctrl-C ends a run that does not come to its end, and what was not committed is read again', async () => {
  const answered = `.mapAsync(async ({ value }) => value.toUpperCase())`
  const unanswered = `.mapAsync(() => {
    process.once('SIGINT', () => console.log('asked to end'))
    console.log('begun')
    return new Promise<string>((resolve) => void setTimeout(resolve, 3_600_000))
  })`
  const calling = (call: string): string => script.replace(/\.mapValues[^]*?\n {2}\}\)/, call)
  const project = new ScriptProject({ 'words.ts': calling(unanswered) })
  await using log = await openLog(project.data, { maintenance: false })
  await log.producer().send(words, { key: null, value: 'a' })
  const program = project.start('run', 'words.ts')
  expect(await program.line()).toBe('begun')
  program.signal('SIGINT')
  expect(await program.line()).toBe('asked to end')
  program.signal('SIGINT')
  expect(await program.exited).toEqual({ code: null, signal: 'SIGINT' })
  project.write('words.ts', calling(answered))
  expect(await project.run('run', 'words.ts', '--until-end')).toMatchObject({ code: 0 })
  expect(await valuesOf(log)).toEqual(['A'])
})

test('a function that throws ends it with the record, the operator, and the line of the script', async () => {
  const project = new ScriptProject({ 'words.ts': script })
  await using log = await openLog(project.data, { maintenance: false })
  await log.producer().sendMany(words, [
    { key: null, value: 'good' },
    { key: null, value: 'bad' },
  ])
  const ran = await project.run('run', 'words.ts')
  expect(ran).toMatchObject({ code: 1, stdout: '' })
  expect(ran.stderr).toMatch(
    /^millrace: words\[0\] offset 1: a function of mapValues-1 threw: cannot take \\u001b\[31mthis \(user_function_threw\)\n {2}at words\.ts:8:\d+\n {2}8 \|/m,
  )
  expect(ran.stderr).not.toMatch(/^ +at .*\.js:/m)
})

test('topics that are missing are said, with what was meant perhaps; --app names the application', async () => {
  const project = new ScriptProject({ 'words.ts': script })
  await project.run('topic', 'create', 'words2')
  const ran = await project.run('run', 'words.ts', '--app', 'other', '--until-end')
  expect(ran).toMatchObject({ code: 0, stdout: '' })
  expect(ran.stderr.split('\n')).toEqual([
    'created topic loud',
    'created topic words, which it reads and which did not exist; did you mean words2?',
    'other running: 0 in (0/s), 0 out (0/s), lag 0',
    'other closed: 0 in (0/s), 0 out (0/s), lag 0',
    '',
  ])
})

test('what is thrown where no one catches it ends a run at once, as a crash does', async () => {
  const throwing = "if (value === 'late') setTimeout(() => { throw new RangeError('late') })\n    if (value === 'bad')"
  const project = new ScriptProject({ 'words.ts': script.replace("if (value === 'bad')", throwing) })
  await using log = await openLog(project.data, { maintenance: false })
  await log.producer().send(words, { key: null, value: 'late' })
  const ran = await project.run('run', 'words.ts', '--json')
  expect(ran).toMatchObject({ code: 1, signal: null })
  expect(ran.stderr).toMatch(/^millrace: words\.ts:8:\d+: RangeError: late\n {2}8 \|/m)
  const { state, instance } = await log.admin.describeApplication('shouting')
  expect({ state, isClosed: instance === null }).toEqual({ state: 'stopped', isClosed: false })
})
