/**
 * A member of a consumer group that works its share of a topic off.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { nullable, openLog, string, topic } from 'millrace'
import { clicksOf, type ClickOptions } from './clicks.ts'

export interface MemberOptions extends ClickOptions {
  readonly members: number
}

/** When a member began and ended, in ms since the epoch, and how much it has read. */
export interface MemberResult {
  readonly startedMs: number
  readonly endedMs: number
  readonly records: number
}

const group = 'readers'
/** A record for every member that has read what is its own. */
const ended = topic('ended', { key: nullable(string()), value: string() })

/** Waits until all members have their partitions, and reads those that are its own to their ends. */
export async function readAsMember({ members, ...options }: MemberOptions): Promise<MemberResult> {
  await using log = await openLog(options.dir)
  const consumer = log.consumer({
    group,
    topics: [clicksOf(options)],
    onAssigned: (partitions, member) => member.pause(partitions),
  })
  let startedMs = 0
  let left = Number.POSITIVE_INFINITY
  async function begin(): Promise<void> {
    const isComplete = async (): Promise<boolean> => {
      const listed = (await log.admin.groups()).find(({ name }) => name === group)
      return listed?.state === 'stable' && listed.members === members
    }
    while (!(await isComplete())) await sleep(5)
    left = consumer.assignment().reduce((sum, { topic, partition }) => sum + consumer.lag(topic, partition), 0)
    startedMs = epochMs()
    consumer.resume()
  }
  const begun = begin()
  let records = 0
  let total = 0
  for await (const batch of consumer.batches()) {
    for (const { key, value, timestamp } of batch.records) total += key.length + value.ms + (timestamp & 1)
    records += batch.records.length
    if (records < left) continue
    await consumer.commit(batch)
    break
  }
  const endedMs = epochMs()
  await begun
  if (total === 0) throw new Error('nothing was read')
  // Whoever leaves gives its partitions to the others, who are not to be disturbed.
  await log.producer().send(ended, { key: null, value: '' })
  while (((await log.admin.endOffsets(ended))[0] ?? 0) < members) await sleep(5)
  return { startedMs, endedMs, records }
}

function epochMs(): number {
  return performance.timeOrigin + performance.now()
}
