// A replay of the command as a process among others: Ctrl-C, a kill, another copy of the library, a switch by another command.
import { expect, test } from 'vitest'
import { ScriptProject } from '../support/script-project.ts'

const script = (each: number): string => `import { int64, keyValueStore, StreamsBuilder, string, topic } from 'millrace'

const builder = new StreamsBuilder()
builder
  .stream(topic('words', { key: string(), value: string() }))
  .flatMapValues(({ value }): string[] => Array.from({ length: ${each} }, () => value))
  .groupByKey()
  .count({ store: keyValueStore('totals', { key: string(), value: int64() }) })
export default builder
`

async function until(project: ScriptProject, line: readonly string[], met: (stdout: string) => boolean): Promise<void> {
  while (!met((await project.run(...line)).stdout));
}

test('it is followed, paused, killed, stopped and made the live version by other commands, with another copy of the library', async () => {
  const project = new ScriptProject({ 'v1.ts': script(1), 'v2.ts': script(2) }, { millrace: 'copy' })
  expect((await project.run('topic', 'create', 'words')).code).toBe(0)
  expect((await project.run('run', 'v1.ts', '--app', 'app', '--until-end')).code).toBe(0)
  const start = ['replay', 'start', 'v2.ts', 'v2', '--app', 'app'] as const
  const status = ['replay', 'status', '--json'] as const

  const first = project.start(...start)
  await until(project, status, (stdout) => stdout.includes('"phase":"following"'))
  expect((await project.run('replay', 'pause', 'app', 'v2')).code).toBe(0)
  first.kill()
  await first.exited

  const second = project.start(...start)
  await until(project, status, (stdout) => stdout.includes('"state":"running","wasLive":false,"isPaused":true'))
  await second.complains('it is paused: "millrace replay resume app v2" lets it go on')
  second.signal('SIGINT')
  expect(await second.exited).toMatchObject({ code: 130 })
  expect((await project.run('replay', 'resume', 'app', 'v2')).code).toBe(0)

  const third = project.start(...start)
  await until(project, status, (stdout) => stdout.includes('"state":"running"'))
  expect(await project.run('replay', 'switch', 'app', 'v2', '--outputs', 'replace', '--yes')).toMatchObject({
    code: 0,
  })
  await until(project, ['app', 'list', '--json'], (stdout) => /"version":"v2","state":"running"/.test(stdout))
  third.signal('SIGTERM')
  expect(await third.exited).toMatchObject({ code: 143 })
  expect((await project.run(...start)).stderr).toContain('"millrace run v2.ts --app app --version v2" runs it')
})
