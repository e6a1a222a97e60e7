// Members whose process or thread has ended lose their partitions at once, however it ended. Their session timeout is half an hour, so
// only the lease explains it.
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { openLog, restoreLog, type RecordInput } from 'millrace'
import { until } from '../../support/applications.ts'
import { collect } from '../../support/collect.ts'
import { GroupMember } from '../../support/group-member.ts'
import { openTestLog, type OpenedLog } from '../../support/open.ts'
import { startProgram } from '../../support/program.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { words } from '../../support/topics.ts'

const halfAnHour = 1_800_000
const count = 40
const texts: RecordInput<string, string>[] = Array.from({ length: count }, (_, i) => ({ key: `${i}`, value: `${i}` }))

/** Someone with a record in hand in each of four groups. */
interface Dying {
  nextLine(): Promise<string>
  end(): Promise<void>
}

function processThat(dir: string, how: string): Dying {
  const program = startProgram('dying-member', [dir, how])
  return {
    nextLine: () => program.line(),
    async end() {
      program.say(how)
      await program.exited
    },
  }
}

/** In a worker thread of this process, which lives on. */
function workerThatIsTerminated(dir: string, how: string): Dying {
  const path = new URL('../../support/programs/dying-member.ts', import.meta.url).href
  const entrance = `import('tsx/esm/api').then(({ register }) => { register(); return import('${path}') })`
  const worker = new Worker(entrance, { eval: true, workerData: [dir, how] })
  const lines: string[] = []
  worker.on('message', (line: string) => lines.push(line))
  return {
    async nextLine() {
      while (lines.length === 0) await once(worker, 'message')
      return lines.shift() as string
    },
    async end() {
      await worker.terminate()
    },
  }
}

const survivorOf = ({ log }: OpenedLog, group: string): GroupMember =>
  new GroupMember(log, 'survivor', { group, sessionTimeoutMs: halfAnHour }).run()

const ways = [
  ['SIGINT', processThat],
  ['SIGTERM', processThat],
  ['SIGKILL', processThat],
  ['exit', processThat],
  ['throw', processThat],
  ['terminate', workerThatIsTerminated],
] as const

test('members that end, in whatever way, hand over at once to whoever waits and to whoever comes', async () => {
  const opened = openTestLog()
  opened.embedded.ensureTopics([words])
  const survivors = new Map(
    ways.map(([how]) => [how, [`${how}-beside`, `${how}-beside-static`].map((group) => survivorOf(opened, group))]),
  )
  const all = [...survivors.values()].flat()
  await until(() => all.every(({ partitions }) => partitions.length === 4))
  const dying = await Promise.all(
    ways.map(async ([how, start]) => {
      const one = start(opened.dir, how)
      for (let lines = 0; lines < 4; lines++) expect(await one.nextLine()).toMatch(/^assigned .* [24]$/)
      return one
    }),
  )
  await opened.log.producer().sendMany(words, texts)
  for (const one of dying) {
    expect(await one.nextLine()).toBe('holds')
    await one.end()
  }
  for (const [how] of ways) await checkHandedOver(opened, how, survivors.get(how) ?? [])
})

async function checkHandedOver({ log }: OpenedLog, how: string, survivors: readonly GroupMember[]): Promise<void> {
  for (const survivor of survivors) {
    await until(() => new Set(survivor.seen.map(({ partition, offset }) => `${partition}:${offset}`)).size === count)
    expect(survivor.partitions).toEqual([0, 1, 2, 3])
  }
  for (const group of [`${how}-alone`, `${how}-alone-static`]) {
    expect(await log.admin.describeGroup(group)).toMatchObject({ state: 'empty', members: [] })
    await using heir = log.consumer({ group, topics: [words], sessionTimeoutMs: halfAnHour })
    expect(await collect(heir, count)).toHaveLength(count)
  }
}

test('a member whose process stands still keeps its place', async () => {
  const { log, dir, embedded } = openTestLog()
  embedded.ensureTopics([words])
  const frozen = startProgram('group-member', [dir, 'frozen', 'hold'])
  expect(await frozen.line()).toBe('assigned 4')
  await log.producer().sendMany(words, texts)
  expect(await frozen.line()).toMatch(/^holds/)
  await frozen.stopItself()
  embedded.refresh()
  const [member] = embedded.groups.find('g')?.group.members ?? []
  expect(embedded.environment.sessions.isAlive(member?.sessionId ?? '')).toBe(true)
  frozen.kill()
  await frozen.exited
  expect(embedded.environment.sessions.isAlive(member?.sessionId ?? '')).toBe(false)
})

test('a member whose session file somebody deletes is removed, and joins again under another session', async () => {
  const { log, dir, embedded } = openTestLog()
  embedded.ensureTopics([words])
  const member = new GroupMember(log, 'm', { sessionTimeoutMs: halfAnHour }).run()
  await until(() => member.partitions.length === 4)
  rmSync(`${dir}/sessions`, { recursive: true })
  await until(() => member.events.length === 3)
  expect(member.events).toEqual(['assigned 0 1 2 3', 'lost 0 1 2 3', 'assigned 0 1 2 3'])
  expect((await log.admin.describeGroup('g')).members).toHaveLength(1)
})

test('a backup that is brought back has no members, whether they live, or are static and closed', async () => {
  const { log } = openTestLog()
  await log.producer().sendMany(words, texts)
  const join = async (group: string, instanceId: string): Promise<GroupMember> => {
    const member = new GroupMember(log, group, { group, instanceId, sessionTimeoutMs: halfAnHour }).run()
    await until(() => member.partitions.length === 4)
    return member
  }
  await join('living', 'a')
  await (await join('closed', 'b')).consumer.close()
  expect((await log.admin.describeGroup('closed')).members).toHaveLength(1)
  const [saved, restored] = [`${temporaryDirectory()}/saved`, `${temporaryDirectory()}/restored`]
  await log.admin.backup(saved)
  await restoreLog(saved, restored)
  await using copy = await openLog(restored, { maintenance: false })
  const names = ['living', 'closed']
  for (const group of names) expect((await copy.admin.describeGroup(group)).members).toEqual([])
  for (const group of names) {
    const heir = new GroupMember(copy, 'heir', { group, sessionTimeoutMs: halfAnHour }).run()
    await until(() => heir.partitions.length === 4)
    expect((await copy.admin.describeGroup(group)).members).toHaveLength(1)
    await heir.consumer.close()
  }
})
