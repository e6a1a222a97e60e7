/**
 * Checks the rows beside the batches: their checksums, and that they say something that can be.
 */
import type { DatabaseName, Entry } from '../../storage/databases.ts'
import type { Environment } from '../../storage/environment.ts'
import { partitionKey } from '../../storage/keys.ts'
import { rowName } from '../../storage/read-failure.ts'
import { isSealed, sealedDatabases, unseal } from '../../storage/sealed-rows.ts'
import { checkTopicConfig } from '../../core/topic-config.ts'
import type { Findings } from './findings.ts'
import { applicationProblem } from '../kept/application-rows.ts'
import { decodePosition, isPosition, partitionIn } from '../kept/position-row.ts'
import { decodePartitionRow } from '../kept/partition-row.ts'
import { decodeTopic } from '../kept/topic-row.ts'
import { type Catalogue, readCatalogue } from './verify-catalogue.ts'

const pageRows = 256
const countedRowsMax = 100_000

/** Says what is wrong with a row; its value is without the checksum. */
type RowCheck = (entry: Entry, environment: Environment, catalogue: Catalogue, findings: Findings) => string | undefined

const checks: Partial<Record<DatabaseName, RowCheck>> = {
  topics({ key, value }, _, { nextId }) {
    const topic = decodeTopic(value)
    if (topic === undefined || topic.name !== key.toString())
      return 'it does not describe the topic that it is stored under'
    if (topic.id < 1 || topic.id >= nextId) return `its id ${topic.id} was never assigned`
    if (topic.partitions < 1) return `it says ${topic.partitions} partitions`
    return configProblem(topic.config)
  },
  positions({ key, value }, environment, { topics, nextId }, findings) {
    if (!isPosition(key, value)) return 'it is not a position'
    const { topicId, partition } = partitionIn(key)
    const topic = topics.find(({ id }) => id === topicId)
    if (topic === undefined) return topicId >= nextId ? `there was never a topic with the id ${topicId}` : undefined
    const rowKey = partitionKey(topicId, partition)
    const stored = environment.get('partitions', rowKey)
    const row = stored && decodePartitionRow(rowKey, stored)
    const { offset } = decodePosition(value)
    if (offset < 0 || (row !== undefined && offset > row.endOffset)) {
      return `its offset ${offset} lies past the end of ${topic.name}[${partition}], ${row?.endOffset}`
    }
    if (row !== undefined && offset < row.startOffset) findings.counts.positionsBeforeStart++
    return undefined
  },
  applications: ({ key, value }) => applicationProblem(key, value),
  stores({ value }, _, { nextId }) {
    return value.length === 4 && value.readUInt32BE(0) < nextId ? undefined : 'it is no id of a store'
  },
}

function configProblem(config: object): string | undefined {
  try {
    checkTopicConfig('a topic', config)
    return undefined
  } catch (error) {
    return `its configuration is not valid: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** Goes over every database whose rows are sealed; yields 0 between pages, to pause. */
export function* checkRows(environment: Environment, findings: Findings): Generator<number> {
  for (const database of sealedDatabases) {
    yield* findings.guarded({}, checkDatabase(environment, database, findings))
  }
}

/** Whose rows are checked against each other (verify-state.ts). */
const checkedAsState: ReadonlySet<DatabaseName> = new Set(['state', 'journal'])

function* checkDatabase(environment: Environment, database: DatabaseName, findings: Findings): Generator<number> {
  for (let from: Buffer = Buffer.of(0); !checkedAsState.has(database);) {
    // The page and what it is compared with come from one snapshot.
    const catalogue = comparedWithTopics.has(database) ? readCatalogue(environment) : noCatalogue
    const page = environment.storedRange(database, from, lastKey, pageRows)
    for (const entry of page) checkRow(database, entry, environment, catalogue, findings)
    const last = page.at(-1)
    if (last === undefined || page.length < pageRows) break
    from = Buffer.concat([last.key, Buffer.of(0)])
    yield 0
  }
  checkCount(environment, database, findings)
}

/**
 * LMDB keeps a row count of each database apart from its pages, so rows that no search can find show up. Needs one
 * snapshot.
 */
function checkCount(environment: Environment, database: DatabaseName, findings: Findings): void {
  const expected = environment.rowCount(database)
  if (expected > countedRowsMax) return // it would take too long without a rest
  let found = 0
  for (let from: Buffer = Buffer.of(0); ;) {
    const keys = environment.keys(database, from, lastKey, pageRows)
    found += keys.length
    const last = keys.at(-1)
    if (last === undefined || keys.length < pageRows) break
    from = Buffer.concat([last, Buffer.of(0)])
  }
  if (found === expected) return
  findings.add('unreadable', `"${database}" has ${expected} rows, but ${found} can be found`)
}

const comparedWithTopics: ReadonlySet<DatabaseName> = new Set(['topics', 'positions', 'stores'])
const noCatalogue: Catalogue = { topics: [], deleted: new Set(), nextId: 0 }
const lastKey = Buffer.alloc(64, 255)

function checkRow(
  database: DatabaseName,
  { key, value }: Entry,
  environment: Environment,
  catalogue: Catalogue,
  findings: Findings,
): void {
  findings.counts.rows++
  const unsealed = isSealed(database, key) ? unseal(key, value) : value
  const problem =
    unsealed === undefined
      ? 'its checksum is wrong'
      : checks[database]?.({ key, value: unsealed }, environment, catalogue, findings)
  if (problem === undefined) return
  findings.add(
    database === 'positions' && unsealed !== undefined ? 'wrong_position' : 'damaged_row',
    `${rowName(database, key)}: ${problem}`,
  )
}
