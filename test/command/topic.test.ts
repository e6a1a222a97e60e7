// The verbs of topics: what they change, what they refuse, what they show before they destroy.
import { expect, test } from 'vitest'
import { openLog } from 'millrace'
import { type Ran, runInProcess } from '../support/command.ts'
import { commandWorld } from '../support/command-world.ts'

interface World {
  readonly data: string
  readonly run: (...argv: readonly string[]) => Promise<Ran>
}

async function world(): Promise<World> {
  const { data } = await commandWorld()
  return { data, run: (...argv) => runInProcess(argv, { env: { MILLRACE_DIR: data } }) }
}

async function topicNames(data: string): Promise<string[]> {
  await using log = await openLog(data, { readOnly: true })
  return (await log.admin.listTopics()).map(({ name }) => name)
}

test('a topic gets the partitions, settings and serdes that it is created with', async () => {
  const { data, run } = await world()
  const settings = ['-c', 'retention.ms=1h30m', '-c', 'maxMessageBytes=2MiB', '-c', 'cleanupPolicy=compact,delete']
  const made = await run('topic', 'create', 'pages', '-p', '3', ...settings, '--value-serde', 'json')
  expect(made).toEqual({ code: 0, stdout: '', stderr: 'created topic pages with 3 partitions\n' })
  await using log = await openLog(data, { readOnly: true })
  expect(await log.admin.describeTopic('pages')).toMatchObject({
    partitions: 3,
    config: { retentionMs: 5_400_000, maxMessageBytes: 2_097_152, cleanupPolicy: 'compact,delete' },
    serdes: { key: 'bytes', value: 'json' },
  })
})

test('a topic that is there is not created again, and --if-not-exists leaves it as it is', async () => {
  const { run } = await world()
  expect(await run('topic', 'create', 'raw', '-p', '7')).toMatchObject({ code: 1, stdout: '' })
  const left = await run('topic', 'create', 'raw', '-p', '7', '--if-not-exists')
  expect(left).toMatchObject({ code: 0, stderr: 'topic raw is there already\n' })
  expect(JSON.parse((await run('topic', 'describe', 'raw', '--json')).stdout)).toMatchObject({
    name: 'raw',
    config: {},
  })
})

test.each([
  [['-c', 'retentionMs=soon'], 'retentionMs is a duration such as 30d'],
  [['-c', 'maxMessageBytes=big'], 'maxMessageBytes is a size such as 512MiB'],
  [['-c', 'cleanupPolicy=keep'], 'cleanupPolicy is "keep"'],
  [['-c', 'retentionMs'], 'Expected NAME=VALUE'],
  [['-p', '0'], 'Expected a whole number from 1 on'],
  [['-p', '2000'], '1024'],
  [['--key-serde', 'avro'], 'Expected a serde of millrace'],
])('a topic is not created with %j', async (options, complaint) => {
  const { data, run } = await world()
  const ran = await run('topic', 'create', 'wrong', ...options)
  expect(ran).toMatchObject({ code: 2, stdout: '' })
  expect(ran.stderr).toContain(complaint)
  expect(await topicNames(data)).not.toContain('wrong')
})

test('settings change and go back, and nothing to change is a mistake', async () => {
  const { run } = await world()
  expect((await run('topic', 'alter', 'raw', '-c', 'retentionMs=1d')).stderr).toBe('topic raw: retentionMs=1d\n')
  expect((await run('topic', 'alter', 'raw', '--reset', 'retention.ms')).stderr).toBe(
    'topic raw: every setting has its default\n',
  )
  expect(await run('topic', 'alter', 'raw')).toMatchObject({ code: 2 })
  expect(await run('topic', 'alter', 'rwa', '-c', 'retentionMs=1d')).toMatchObject({
    code: 3,
    stderr: 'millrace: there is no topic "rwa"; did you mean "raw"? (topic_unknown)\n',
  })
})

test('deletion tells who reads a topic, and deletes nothing unless it is agreed to', async () => {
  const { data, run } = await world()
  const asked = await run('topic', 'delete', 'orders', 'raw')
  expect(asked.code).toBe(2)
  expect(asked.stderr).toContain('topic orders: 3 records, 118 B, read by group billing\ntopic raw: 0 records, 0 B\n')
  expect(await topicNames(data)).toEqual(['clicks', 'orders', 'raw'])
  const unknown = await run('topic', 'delete', 'raw', 'nothing', '--yes')
  expect(unknown.code).toBe(3)
  expect(await topicNames(data)).toEqual(['clicks', 'orders', 'raw'])
  expect(await run('topic', 'delete', 'orders', 'orders', 'raw', '--yes')).toMatchObject({ code: 0 })
  expect(await topicNames(data)).toEqual(['clicks'])
})

test('trimming tells which offsets go and who has not read them', async () => {
  const { data, run } = await world()
  const asked = await run('topic', 'trim', 'orders', '--before', '2')
  expect(asked.code).toBe(2)
  expect(asked.stderr).toContain(
    'orders[0]: offsets 0 to 1, 2 records\ngroup billing has not read 1 of them\nmillrace: Delete these records for good?',
  )
  const trimmed = await run('topic', 'trim', 'orders', '--before', '2', '-y', '--json')
  expect(JSON.parse(trimmed.stdout)).toEqual({ topic: 'orders', partition: 0, startOffset: 0, beforeOffset: 2 })
  expect(await run('topic', 'trim', 'orders', '--before', 'start', '-y')).toMatchObject({ code: 0, stdout: '' })
  await using log = await openLog(data, { readOnly: true })
  expect(await log.admin.startOffsets('orders')).toEqual([2])
})

test.each([
  ['--before', '@yesterday'],
  ['--before', 'last'],
  ['--partition', '0'],
  ['--before', '1', '--partition', '9'],
])('nothing is trimmed by %j', async (...options) => {
  const { data, run } = await world()
  expect(await run('topic', 'trim', 'orders', '-y', ...options)).toMatchObject({ code: 2, stdout: '' })
  await using log = await openLog(data, { readOnly: true })
  expect(await log.admin.startOffsets('orders')).toEqual([0])
})
