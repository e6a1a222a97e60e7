/**
 * The rewriting of rows whose values have an older version than their serde: while an application has nothing else to
 * do, a page at a time, each in a commit of its own.
 *
 * A row means the same before and after, so nothing is emitted, and it does not matter which of both a turn has read. A
 * crash leaves some rows rewritten; the next start goes over the store again. When a partition is done, its task says
 * so in a number of the store's owner, and no later start looks at it.
 */
import { present } from '../core/assert.ts'
import { messageOf } from '../core/errors.ts'
import { migratedCell } from '../core/stored-progress.ts'
import type { Session } from '../log/contract.ts'
import { laidOut } from '../plan/kept-layouts.ts'
import type { StoreSpec } from '../plan/store.ts'
import type { Topology } from '../plan/topology.ts'
import { type MigratedPage, migratedPage } from '../state/migrated-rows.ts'
import type { Cell } from './cell.ts'
import type { Engine } from './engine.ts'
import { taskName, taskOf } from './inherited-ledgers.ts'

const pageRows = 256

/** The code of the warning about rows that cannot be migrated. */
const migrationWarning = 'MILLRACE_MIGRATION_FAILED'

/** One partition of one store. */
interface Part {
  readonly spec: StoreSpec
  readonly storeId: number
  readonly partition: number
  /** The version that all of its rows have. */
  readonly done: Cell
  /** The last row that was looked at. */
  at: Buffer | undefined
  hasFailed: boolean
}

export class Migration {
  readonly #session: Session
  readonly #engine: Engine
  readonly #parts: Part[]
  readonly #told = new Set<string>()

  constructor(session: Session, topology: Topology, engine: Engine) {
    this.#session = session
    this.#engine = engine
    this.#parts = [...partsOf(session, topology, engine)]
  }

  get isDone(): boolean {
    return this.#parts.length === 0
  }

  /** Rewrites the next rows; the caller commits what the engine has afterwards. */
  async step(): Promise<void> {
    const [part] = this.#parts
    if (part === undefined) return
    const { spec, storeId, partition } = part
    this.#session.refresh()
    const page = migratedPage(spec, this.#session.state, storeId, partition, part.at, pageRows)
    this.#note(part, page)
    if (page.rows.length > 0) {
      await this.#session.commit({
        tasks: [],
        newTopics: [],
        appends: [],
        writeState: (writer) => {
          for (const { key, value } of page.rows) writer.put(storeId, partition, key, value)
        },
      })
    }
    part.at = page.last
    if (page.last !== undefined) return
    this.#parts.shift()
    if (!part.hasFailed) this.#engine.intervene(() => part.done.set(spec.valueCodec.version))
  }

  #note(part: Part, { error }: MigratedPage): void {
    if (error === undefined) return
    part.hasFailed = true
    const { name } = part.spec
    if (this.#told.has(name)) return
    this.#told.add(name)
    process.emitWarning(
      `store "${name}" has rows that cannot be migrated to version ${part.spec.valueCodec.version}; the first: ` +
        `${messageOf(error)}. A record that needs one of them fails. Mend migrate, and start again`,
      { type: 'MillraceWarning', code: migrationWarning },
    )
  }
}

function* partsOf(session: Session, topology: Topology, engine: Engine): Generator<Part> {
  const ledgers = new Map(engine.ledgers.map((ledger) => [taskName(ledger.task), ledger]))
  for (const { spec: asked, owner } of topology.stores) {
    const { version } = asked.valueCodec
    if (version === 0) continue
    const spec = laidOut(asked, engine.layout.kept)
    const storeId = present(session.storeId(spec.name), 'a session has an id for each store')
    const sub = present(
      topology.subTopologies.find(({ nodes }) => nodes.includes(owner)),
      'every node is in a sub-topology',
    )
    const partitions = spec.isGlobal === true ? 1 : engine.layout.partitionsOf(owner)
    for (let partition = 0; partition < partitions; partition++) {
      const ledger = present(ledgers.get(taskName(taskOf(sub, partition))), 'every task has a ledger')
      const done = ledger.cell(owner.id, migratedCell(spec.name))
      if (done.value < version) yield { spec, storeId, partition, done, at: undefined, hasFailed: false }
    }
  }
}
