/**
 * What a verification knows of the topics, also when some of their rows are damaged.
 */
import type { DatabaseName } from '../../storage/databases.ts'
import type { Environment } from '../../storage/environment.ts'
import { afterPrefix, partitionKey, partitionOfKey } from '../../storage/keys.ts'
import { unseal } from '../../storage/sealed-rows.ts'
import { partitionsOf } from '../format/partition-id.ts'
import type { Findings } from './findings.ts'
import { decodeCatalogue } from '../kept/catalogue-row.ts'
import { catalogueKey } from '../kept/catalogue.ts'
import { deletedRange, deletedTopicId } from '../kept/deleted-topics.ts'
import { decodeTopic, type TopicDescription } from '../kept/topic-row.ts'

export interface Catalogue {
  readonly topics: readonly TopicDescription[]
  /** Ids of topics whose rows are being removed. */
  readonly deleted: ReadonlySet<number>
  /** Above every id that was ever given. */
  readonly nextId: number
}

const rowsMax = 1_000_000

export function readCatalogue(environment: Environment): Catalogue {
  const topics = environment.storedRange('topics', Buffer.of(0), Buffer.of(255), rowsMax).flatMap(({ key, value }) => {
    const description = decodeTopic(unseal(key, value))
    return description === undefined ? [] : [description]
  })
  const marks = environment.storedRange('meta', ...deletedRange, rowsMax)
  const [row] = environment.storedRange('meta', catalogueKey, Buffer.concat([catalogueKey, Buffer.of(0)]), 1)
  const counted = row && unseal(row.key, row.value)
  return {
    topics,
    deleted: new Set(
      marks.flatMap(({ key, value }) => (unseal(key, value) === undefined ? [] : [deletedTopicId(key)])),
    ),
    nextId: (counted && decodeCatalogue(counted)?.nextId) ?? Number.POSITIVE_INFINITY,
  }
}

const partitionedDatabases = ['partitions', 'batches', 'segments', 'times'] as const satisfies readonly DatabaseName[]

/** Looks from partition to partition for rows that no topic has, and for partitions without a row; in one snapshot. */
export function checkOrphans(environment: Environment, findings: Findings): void {
  const { topics, deleted } = readCatalogue(environment)
  const countOf = new Map(topics.map(({ id, partitions }) => [id, partitions]))
  for (const database of partitionedDatabases) {
    for (let from: Buffer = partitionKey(0, 0); ;) {
      const [entry] = environment.storedRange(database, from, Buffer.alloc(9, 255), 1)
      if (entry === undefined) break
      const { topicId, partition } = partitionOfKey(entry.key)
      if (!deleted.has(topicId) && partition >= (countOf.get(topicId) ?? 0)) {
        findings.add(
          'orphan',
          `"${database}" holds rows of partition ${partition} of a topic with the id ${topicId}, which the catalogue does not have`,
        )
      }
      from = afterPrefix(entry.key.subarray(0, from.length))
    }
  }
  for (const { topic, topicId, partition } of topics.flatMap(partitionsOf)) {
    if (environment.get('partitions', partitionKey(topicId, partition)) !== undefined) continue
    const message = `${topic}[${partition}] has no row that says where it ends`
    findings.add('wrong_partition', message, { topic, partition })
  }
}
