// A group over processes and threads: whoever is killed or stopped, every record is read, and nothing is committed unread.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import type { RecordInput } from 'millrace'
import { Random } from '../crash/random.ts'
import { openTestLog, type OpenedLog } from '../support/open.ts'
import { type Program, startProgram } from '../support/program.ts'
import { words } from '../support/topics.ts'

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

/** A long run: ROUNDS=1000. */
const rounds = Number(process.env['ROUNDS'] ?? 15)
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)

test(
  `members that are killed and stopped leave no record unread and commit none unread (SEED=${seed})`,
  { timeout: 60_000 + rounds * 10_000 },
  async () => {
    const random = new Random(seed)
    const { log, dir, committed } = openGroup()
    const producer = log.producer()
    /** Who read a record in which generation: by one member only. */
    const readers = new Map<string, string>()
    const read = new Set<string>()
    const failures: string[] = []
    let sent = 0
    let wake = (): void => undefined
    let lives = 0

    function start(): Program {
      const name = `m${lives++}`
      const program = startProgram('group-member', [dir, name])
      void (async () => {
        for (let line = await program.nextLine(); line !== undefined; line = await program.nextLine()) {
          const [what, partition, offset, generation] = line.split(' ')
          if (what !== 'read') continue
          const reading = `${generation} ${partition}:${offset}`
          const other = readers.get(reading)
          if (other !== undefined) failures.push(`${name} and ${other} read ${partition}:${offset} in ${generation}`)
          readers.set(reading, name)
          read.add(`${partition}:${offset}`)
          wake()
        }
      })()
      return program
    }

    async function everythingIsRead(): Promise<void> {
      while (read.size < sent) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }

    const members = [start(), start(), start()]
    for (let round = 0; round < rounds; round++) {
      await producer.sendMany(words, texts(200, sent))
      sent += 200
      const victim = random.int(0, members.length - 1)
      const program = members[victim]
      if (random.chance(0.6)) {
        program?.kill()
        await program?.exited
        if (random.chance(0.5)) members[victim] = start()
        await everythingIsRead()
        if (members[victim] === program) members[victim] = start()
      } else {
        await program?.stopItself()
        await everythingIsRead()
        program?.thaw()
      }
      // What a member printed it had read before it was asked for more: nothing is committed that nobody printed.
      for (const [partition, end] of committed().entries()) {
        for (let offset = 0; offset < end; offset++)
          if (!read.has(`${partition}:${offset}`)) failures.push(`${partition}:${offset} is committed unread`)
      }
    }
    expect(failures).toEqual([])
    expect(read.size).toBe(sent)
  },
)

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
  const program = new URL('../support/programs/group-worker.ts', import.meta.url).href
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
