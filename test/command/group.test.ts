// The verbs of groups: Kafka's columns, and nothing moved or forgotten unless it is asked for.
import { expect, test } from 'vitest'
import { openLog } from 'millrace'
import { type Ran, runInProcess } from '../support/command.ts'
import { commandWorld } from '../support/command-world.ts'

async function world(): Promise<readonly [run: (...argv: readonly string[]) => Promise<Ran>, data: string]> {
  const { data } = await commandWorld()
  return [(...argv) => runInProcess(argv, { env: { MILLRACE_DIR: data } }), data]
}

async function position(data: string): Promise<number | undefined> {
  await using log = await openLog(data, { readOnly: true })
  return (await log.admin.lag('billing')).find(({ topic }) => topic === 'orders')?.offset
}

test('a member is shown beside what it reads, and partitions without a position too', async () => {
  const [run, data] = await world()
  await using log = await openLog(data)
  await using consumer = log.consumer({ group: 'billing', topics: ['orders', 'clicks'], clientId: 'till' })
  for await (const _ of consumer) break
  const rows = (await run('group', 'describe', 'billing', '--json')).stdout.trim().split('\n')
  const shown = rows.map((row) => JSON.parse(row) as Record<string, unknown>)
  expect(
    shown.map(({ topic, partition, clientId, currentOffset }) => [topic, partition, clientId, currentOffset]),
  ).toEqual(
    expect.arrayContaining([
      ['orders', 0, 'till', 1],
      ['clicks', 1, 'till', null],
    ]),
  )
  const members = await run('group', 'describe', 'billing', '--members')
  expect(members.stdout).toMatch(/^CONSUMER-ID +HOST +PID +CLIENT-ID/)
  expect(members.stdout).toContain('orders[0]')
  expect(await run('group', 'delete', 'billing', '--yes')).toMatchObject({ code: 1, stdout: '' })
  expect(await run('group', 'reset-offsets', 'billing', '--to-latest')).toMatchObject({ code: 1, stdout: '' })
})

test.each([
  [['--to-earliest'], 0],
  [['--to-latest'], 3],
  [['--to-offset', '2'], 2],
  [['--to-offset', '99'], 3],
  [['--shift-by', '1'], 2],
  [['--shift-by', '-5'], 0],
  [['--by-duration', '1h'], 0],
  [['--to-datetime', '2025-03-04T09:00:00Z'], 3],
])('positions go %j, and only with --execute', async (target, after) => {
  const [run, data] = await world()
  const planned = await run('group', 'reset-offsets', 'billing', ...target, '--json')
  expect(JSON.parse(planned.stdout)).toEqual({ group: 'billing', topic: 'orders', partition: 0, before: 1, after })
  expect(await position(data)).toBe(1)
  expect(await run('group', 'reset-offsets', 'billing', ...target, '--execute')).toMatchObject({ code: 0 })
  expect(await position(data)).toBe(after)
})

test.each([[[]], [['--to-earliest', '--to-latest']], [['--to-offset', '-1']], [['--by-duration', 'long']]])(
  'positions do not go %j',
  async (target) => {
    const [run, data] = await world()
    expect(await run('group', 'reset-offsets', 'billing', '--execute', ...target)).toMatchObject({
      code: 2,
      stdout: '',
    })
    expect(await position(data)).toBe(1)
  },
)

test('a group is forgotten when that is agreed to, and an unknown one is not found', async () => {
  const [run] = await world()
  expect(await run('group', 'delete', 'billing')).toMatchObject({ code: 2 })
  expect((await run('group', 'list', '--json')).stdout).toContain('"name":"billing"')
  expect(await run('group', 'delete', 'billing', 'nobody', '--yes')).toMatchObject({ code: 3, stdout: '' })
  expect(await run('group', 'delete', 'billing', '--yes')).toMatchObject({ code: 0 })
  expect(await run('group', 'list')).toEqual({ code: 0, stdout: '', stderr: 'there are no groups\n' })
  expect(await run('group', 'lag', 'billing')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('"millrace group list" lists those that have') as string,
  })
})
