// A script is replayed beside the live version, goes on where it was, and is refused with what to type instead.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openLog, string, topic } from 'millrace'
import { expect, test } from 'vitest'
import { runInProcess } from '../support/command.ts'
import { commandWorld } from '../support/command-world.ts'

/** The directory of the examples, a script of a user's in it, and the command. */
async function world(script: string) {
  const { dir, data } = await commandWorld({ applications: true })
  const path = join(dir, 'script.ts')
  writeFileSync(path, script)
  const ran = (...argv: readonly string[]) =>
    runInProcess(
      argv.map((word) => (word === 'SCRIPT' ? path : word)),
      { env: { MILLRACE_DIR: data, TZ: 'UTC' } },
    )
  const start = (...argv: readonly string[]) =>
    ran('replay', 'start', 'SCRIPT', 'v2', '--app', 'page-counts', '--until-caught-up', '--json', ...argv)
  return { data, ran, start }
}

/** The last of several JSON objects. */
const last = ({ stdout }: { readonly stdout: string }): unknown => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')

const head = `import { int64, json, keyValueStore, StreamsBuilder, string, topic } from 'millrace'
const clicks = topic('clicks', { key: string(), value: json(), partitions: 2 })
const builder = new StreamsBuilder()
export default builder
`
const counting = `${head}builder.stream(clicks).groupByKey().count({ store: keyValueStore('hosts', { key: string(), value: int64() }) })
  .toStream().to(topic('hosts', { key: string(), value: int64() }))
`

test('it goes on with the range that it began with, where nothing else is said', async () => {
  const { data, ran, start } = await world(counting)
  const range = ['--from', '@2025-03-04T07:56:00Z', '--output', 'hosts=trial']
  expect(last(await start(...range))).toMatchObject({ version: 'v2', state: 'closed', done: 4, total: 4, percent: 100 })
  {
    await using log = await openLog(data, { maintenance: false })
    await log.producer().send(topic('clicks', { key: string(), value: string() }), { key: '10.0.0.9', value: '{}' })
  }
  expect(last(await start())).toMatchObject({ done: 4, total: 5 }) // the live version has not read it
  const [status = '{}'] = (await ran('replay', 'status', '--json')).stdout.split('\n')
  expect(JSON.parse(status)).toMatchObject({
    range: { from: { time: 1_741_074_960_000 }, outputs: { hosts: 'trial' } },
  })
  expect((await start('--from', 'beginning')).stderr).toContain('give it the same from again')
  expect((await ran('topic', 'list')).stdout).toContain('trial')
})

test.each([
  [
    ['v1', '--app', 'page-counts'],
    1,
    /v1 is the live version of page-counts: "millrace run .*script\.ts --app page-counts/,
  ],
  [['v2', '--app', 'page-counts'], 1, /--effects run or --effects skip \(effects_undecided\)/],
  [['v2', '--from', '@now'], 2, /Expected a time/],
  [['v2', '--to', 'end'], 2, /Expected @TIME/],
  [['v2@', '--effects', 'skip'], 2, /\(bad_option\)/],
])('replay start SCRIPT %j ends with %i', async (words, code, complaint) => {
  const { ran } = await world(`${head}builder.stream(clicks).foreach(() => console.log('an effect'))`)
  const ended = await ran('replay', 'start', 'SCRIPT', ...words)
  expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(complaint) as string })
})

test('where there is no log there is nothing to replay', async () => {
  const { ran } = await world(counting)
  const ended = await ran('replay', 'start', 'SCRIPT', 'v2', '--dir', './nowhere')
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('--dir') as string })
})

test('twice ends with 1 where the script makes something else the second time, and says where that began', async () => {
  const { ran } = await world(
    `${head}builder.stream(clicks).mapValues(() => Math.random(), { name: 'dice' }).to(topic('rolls', { key: string(), value: json() }))`,
  )
  const ended = await ran('replay', 'twice', 'SCRIPT')
  expect(ended).toMatchObject({ code: 1, stderr: '' })
  expect(ended.stdout).toContain('dice')
  expect(last(await ran('replay', 'twice', 'SCRIPT', '--json'))).toMatchObject({
    same: false,
    operator: { operator: 'dice' },
  })
  expect(last(await ran('replay', 'twice', 'SCRIPT', '--json', '--to', '@2025-03-04'))).toMatchObject({
    same: true,
    records: 0,
  })
})
