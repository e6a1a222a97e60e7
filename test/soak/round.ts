// What is looked at after every round of the soak: all that is stored, what was acknowledged, and a backup.
import { rmSync } from 'node:fs'
import { collect } from '../support/collect.ts'
import { type Log, openLog } from '../../src/index.ts'
import { digestOf, type SoakTopic } from './topics.ts'

/** A record that a writer was told is durable. */
export interface Acked {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly digest: string
}

/** What is wrong with what is stored. */
export async function verified(log: Log, where: string): Promise<string[]> {
  const { problems } = await log.admin.verify({ deep: true })
  return problems.map(({ kind, message }) => `${where}: ${kind}: ${message}`)
}

/** Backs the log up, looks at the copy, and throws it away. */
export async function backedUp(
  log: Log,
  path: string,
): Promise<{ readonly bytes: number; readonly problems: string[] }> {
  const { bytes } = await log.admin.backup(path)
  const copy = await openLog(path)
  const problems = await verified(copy, 'backup')
  await copy.close()
  rmSync(path, { recursive: true })
  return { bytes, problems }
}

/** Of records that were acknowledged, those that are neither there nor deleted; what compaction took may be gone. */
export async function lost(log: Log, topics: readonly SoakTopic[], acked: readonly Acked[]): Promise<string[]> {
  const problems: string[] = []
  for (const { topic: name, partition, offset, digest } of acked) {
    const topic = topics.find((one) => one.name === name) as SoakTopic
    const [start, end] = [await log.admin.startOffsets(topic), await log.admin.endOffsets(topic)]
    const place = `${name}[${partition}] offset ${offset}`
    if (offset >= (end[partition] ?? 0)) problems.push(`${place} was acknowledged and is not there`)
    if (offset < (start[partition] ?? 0) || offset >= (end[partition] ?? 0)) continue
    const [record] = await collect(log.read(topic, { partition, from: offset }), 1)
    const isCompacted = name === 'compacted' && (record === undefined || record.offset > offset)
    if (isCompacted || (record?.offset === offset && digestOf(record.value) === digest)) continue
    // Retention may have come by since the look above.
    if (offset < ((await log.admin.startOffsets(topic))[partition] ?? 0)) continue
    problems.push(`${place} was acknowledged, and something else is there`)
  }
  return problems
}
