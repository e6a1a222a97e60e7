// A group over processes and threads. test/crash kills and stops its members at random.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import type { RecordInput } from 'millrace'
import { openTestLog, type OpenedLog } from '../../support/open.ts'
import { startProgram } from '../../support/program.ts'
import { words } from '../../support/topics.ts'

const texts = (count: number, from: number): RecordInput<string, string>[] =>
  Array.from({ length: count }, (_, i) => ({ key: `key ${from + i}`, value: String(from + i) }))

function openGroup(): OpenedLog & { readonly committed: () => readonly number[] } {
  const opened = openTestLog()
  const [{ id } = { id: 0 }] = opened.embedded.ensureTopics([words])
  return {
    ...opened,
    committed() {
      opened.embedded.refresh()
      return [0, 1, 2, 3].map(
        (partition) => opened.embedded.positions.get('g', { topicId: id, partition })?.offset ?? 0,
      )
    },
  }
}

test('a stopped process loses its partitions, and when it goes on its commit is refused', async () => {
  const { log, dir, committed } = openGroup()
  await log.producer().sendMany(words, texts(100, 0))
  const frozen = startProgram('group-member', [dir, 'frozen', 'hold'])
  expect(await frozen.line()).toBe('assigned 4')
  expect(await frozen.line()).toMatch(/^holds/)
  await frozen.stopItself()
  const heir = startProgram('group-member', [dir, 'heir'])
  const read = new Set<string>()
  while (read.size < 100) {
    const line = await heir.line()
    if (!line.startsWith('read')) continue
    const [, partition, offset] = line.split(' ')
    expect(read.has(`${partition}:${offset}`)).toBe(false)
    read.add(`${partition}:${offset}`)
  }
  const before = committed()
  frozen.thaw()
  frozen.say('commit')
  expect(await frozen.line()).toBe('refused member_fenced')
  expect(await frozen.line()).toBe('lost 4')
  for (const [partition, offset] of committed().entries()) expect(offset).toBeGreaterThanOrEqual(before[partition] ?? 0)
})

test('a worker thread is a member like any other, and leaves at once when it closes', async () => {
  const { log, dir } = openGroup()
  const main = log.consumer({ group: 'g', topics: [words] })
  const read = new Set<string>()
  let wake = (): void => undefined
  const ended = (async () => {
    for await (const { partition, offset } of main) {
      read.add(`${partition} ${offset}`)
      wake()
    }
  })()
  const program = new URL('../../support/programs/group-worker.ts', import.meta.url).href
  const entrance = `import('tsx/esm/api').then(({ register }) => { register(); return import('${program}') })`
  const worker = new Worker(entrance, { eval: true, workerData: dir })
  const byWorker = new Set<string>()
  worker.on('message', (line: string) => {
    if (/^\d/.test(line)) {
      byWorker.add(line)
      read.add(line)
    }
    wake()
  })
  await once(worker, 'message')
  await log.producer().sendMany(words, texts(200, 0))
  const until = async (count: number): Promise<void> => {
    while (read.size < count) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  await until(200)
  expect(byWorker.size).toBeGreaterThan(0)
  expect(byWorker.size).toBeLessThan(200)
  worker.postMessage('close')
  await once(worker, 'exit')
  await log.producer().sendMany(words, texts(200, 200))
  await until(400)
  expect(main.assignment()).toHaveLength(4)
  await main.close()
  await ended
})
