// Random lives of a group, on a clock that is moved by hand and jumps: members, some of them static, join, leave, come back, freeze,
// wake and commit while records come in.
import { expect, test } from 'vitest'
import { ManualClock, MillraceError, seconds } from 'millrace'
import { Random } from '../../crash/random.ts'
import { MemberProcess, settle } from '../../support/members.ts'
import { openTestLog } from '../../support/open.ts'
import { words } from '../../support/topics.ts'

const assignors = ['cooperative-sticky', 'range', 'round-robin'] as const

async function live(seed: number, acts: number): Promise<void> {
  const random = new Random(seed)
  const clock = new ManualClock(1_000_000)
  const { environment, embedded, log } = openTestLog(undefined, { clock })
  const [{ id } = { id: 0 }] = embedded.ensureTopics([words])
  const producer = log.producer()
  const assignor = random.pick(assignors)
  const everyone: MemberProcess[] = []
  let members: MemberProcess[] = []
  const frozen = new Set<MemberProcess>()
  const instanceIds = new Map<MemberProcess, string>()
  /** Static members that are gone and may come back. */
  let away: string[] = []
  let sent = 0

  function start(): void {
    const name = `m${everyone.length}`
    const instanceId = random.chance(0.5) ? (away.shift() ?? `instance-${name}`) : undefined
    const member = new MemberProcess(environment, clock, name, {
      assignor,
      ...(instanceId !== undefined && { instanceId }),
      autoCommitMs: 2_000,
      heartbeatMs: seconds(9),
    }).run()
    everyone.push(member)
    members.push(member)
    if (instanceId !== undefined) instanceIds.set(member, instanceId)
  }

  async function send(count: number): Promise<void> {
    const records = Array.from({ length: count }, (_, i) => ({ key: `key ${sent + i}`, value: '' }))
    await producer.sendMany(words, records)
    sent += count
  }

  const owners = (): string[] =>
    (embedded.groups.find('g')?.group.members ?? []).flatMap(({ owned }) =>
      owned.map(({ partition }) => `${partition}`),
    )

  /** It commits the record that it has in hand: that works exactly while the partition is its own. */
  async function commitInHand(member: MemberProcess): Promise<void> {
    const record = member.seen.at(-1)
    if (record === undefined || !member.isHolding) return
    embedded.refresh()
    const own = embedded.groups.find('g')?.group.members.find(({ clientId }) => clientId === member.name)
    const isOwner = own?.owned.some(({ partition }) => partition === record.partition) ?? false
    const { partition, offset } = record
    let code = 'none'
    try {
      await member.consumer.commit([{ topic: 'words', partition, offset: offset + 1 }])
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error
      code = error.code
    }
    expect(code).toBe(isOwner ? 'none' : 'member_fenced')
  }

  /** When all is done that there is to do, whoever is awake knows what is its own. */
  function checkKnown(): void {
    embedded.refresh()
    const rows = embedded.groups.find('g')?.group.members ?? []
    for (const { name, partitions } of members.filter((one) => !frozen.has(one))) {
      const owned = rows.find(({ clientId }) => clientId === name)?.owned ?? []
      expect({ name, partitions }).toEqual({ name, partitions: owned.map(({ partition }) => partition) })
    }
  }

  function check(): void {
    embedded.refresh()
    const owned = owners()
    expect(new Set(owned).size).toBe(owned.length)
    const readers = new Map<string, string>()
    const seen = new Set<string>()
    for (const { name, seen: records } of everyone) {
      for (const { partition, offset, generation } of records) {
        const reading = `${generation} ${partition}:${offset}`
        expect(readers.get(reading) ?? name).toBe(name)
        readers.set(reading, name)
        seen.add(`${partition}:${offset}`)
      }
    }
    for (const partition of [0, 1, 2, 3]) {
      const end = embedded.positions.get('g', { topicId: id, partition })?.offset ?? 0
      for (let offset = 0; offset < end; offset++) expect(seen).toContain(`${partition}:${offset}`)
    }
  }

  start()
  for (let act = 0; act < acts; act++) {
    const member = members.length > 0 ? random.pick(members) : undefined
    const kind = random.int(0, 10)
    if (kind <= 1 && members.length < 6) start()
    else if (kind === 2 && member !== undefined && !frozen.has(member)) {
      members = members.filter((other) => other !== member)
      member.release()
      await member.consumer.close()
      const instanceId = instanceIds.get(member)
      if (instanceId !== undefined) away = [...away, instanceId]
    } else if (kind === 3 && member !== undefined) {
      member.hold()
      await send(20)
      await settle()
      if (member.isHolding) {
        member.stop()
        frozen.add(member)
      } else member.release()
    } else if (kind === 4) {
      for (const sleeper of frozen) {
        await commitInHand(sleeper)
        sleeper.goOn()
        sleeper.release()
      }
      frozen.clear()
    } else if (kind === 5) for (const sleeper of frozen) await commitInHand(sleeper)
    else if (kind <= 7) await send(random.int(1, 30))
    else if (kind === 8) clock.jumpTo(Math.max(0, clock.now() + random.int(-600, 600) * 1_000))
    else for (let i = random.int(1, 6); i > 0; i--) clock.advance(seconds(9))
    if (random.chance(0.8)) {
      await settle()
      checkKnown()
    }
    check()
  }

  for (const sleeper of frozen) {
    sleeper.goOn()
    sleeper.release()
  }
  if (members.length === 0) start()
  away = []
  for (let i = 0; i < 8; i++) {
    clock.advance(seconds(9))
    await settle()
  }
  check()
  const names = members.map(({ name }) => name)
  expect(everyone.filter(({ error }) => error !== undefined)).toEqual([])
  expect(owners().toSorted()).toEqual(['0', '1', '2', '3'])
  expect(members.flatMap(({ partitions }) => partitions).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3])
  const group = embedded.groups.find('g')?.group
  expect(group?.members.map(({ clientId }) => clientId).toSorted()).toEqual(names.toSorted())
  const read = new Set(everyone.flatMap(({ seen }) => seen.map(({ partition, offset }) => `${partition}:${offset}`)))
  expect(read.size).toBe(sent)
}

const base = Number(process.env['SEED'] ?? 1)

test.each(Array.from({ length: 5 }, (_, i) => base + i))(
  'whatever its members do, nothing is read twice in a generation, skipped, or committed by others (SEED=%i)',
  async (seed) => live(seed, 40),
)
