/**
 * Dropping operators of an application that does not run, with what they keep: its next start may be of code that no
 * longer has them. One small transaction changes the stored plan and the progress of tasks as a start with `drop` does;
 * the rows of stores that go are removed after that, in steps.
 */
import { present } from '../../core/assert.ts'
import { checkBoolean, checkList, checkOptions } from '../../core/checks.ts'
import { MillraceError } from '../../core/errors.ts'
import { nearestName } from '../../core/near-names.ts'
import { planWithout } from '../../core/plan-without.ts'
import { shown } from '../../core/shown.ts'
import { parsePlan, type StoredPlan } from '../../core/stored-plan.ts'
import { decodeEntries, encodeEntries, entriesWithout } from '../../core/stored-progress.ts'
import type { WriteTransaction } from '../../storage/environment.ts'
import { sweepDeleted } from '../kept/version-removal.ts'
import { sizesOfStores } from './application-deletion.ts'
import type { StoreDescription } from './application-description.ts'
import { type ApplicationsLog, checkNotRunning, type KeptVersion, liveVersionOf } from './application-log.ts'

/** What `log.admin.dropOperators` takes. */
export interface DropOperatorsOptions {
  /** Whether to say what would be done, and do nothing. Default false. */
  readonly dryRun?: boolean | undefined
}

/** What `log.admin.dropOperators` has done, or would do. */
export interface OperatorsDrop {
  /** The application. */
  readonly applicationId: string
  /** Its live version: others are as they were. */
  readonly version: string
  /** What goes, and what each is: the verb of the topology. */
  readonly operators: readonly { readonly id: string; readonly verb: string }[]
  /** The stores that go with their rows, and the operators that stay and have read them. */
  readonly stores: readonly (Pick<StoreDescription, 'name' | 'rows' | 'bytes'> & {
    readonly readBy: readonly string[]
  })[]
}

export async function dropOperators(
  log: ApplicationsLog,
  applicationId: string,
  operators: readonly string[],
  options: DropOperatorsOptions = {},
): Promise<OperatorsDrop> {
  const { dryRun = false } = checkOptions('dropOperators', options, ['dryRun'])
  checkBoolean('dryRun', dryRun)
  const dropped = new Set(checkList('operators', operators).map(checkId))
  log.refresh()
  const sizes = await sizesOfStores(log, [liveVersionOf(log, applicationId)])
  const plan = (): Planned => {
    const kept = liveVersionOf(log, applicationId)
    checkNotRunning(log, kept)
    const before = parsePlan(applicationId, present(log.applications.plan(kept.name), 'an application has a plan'))
    for (const id of dropped) checkKnown(applicationId, before, id)
    const { plan: after, stores: gone } = planWithout(before, dropped)
    checkKeys(applicationId, before, after)
    const stores = sizes.filter(({ name }) => gone.includes(name))
    const readBy = (name: string): readonly string[] =>
      (before.stores[name]?.readers ?? []).filter((id) => !dropped.has(id)).toSorted()
    return {
      kept,
      after,
      gone,
      answer: {
        applicationId,
        version: kept.row.version,
        operators: [...dropped].map((id) => ({ id, verb: String(before.nodes[id]?.['verb']) })),
        stores: stores.map((store) => ({ ...store, readBy: readBy(store.name) })),
      },
    }
  }
  log.refresh()
  const { answer } = plan() // what is refused is refused at once, while others write too
  if (dryRun) return answer
  const done = await log.environment.inTurn(() =>
    log.environment.write((transaction) => {
      const planned = plan()
      drop(log, transaction, planned, dropped)
      return planned.answer
    }),
  )
  await sweepDeleted(log.environment)
  return done
}

interface Planned {
  readonly kept: KeptVersion
  readonly after: StoredPlan
  readonly gone: readonly string[]
  readonly answer: OperatorsDrop
}

function drop(
  { applications }: ApplicationsLog,
  transaction: WriteTransaction,
  { kept: { name }, after, gone }: Planned,
  dropped: ReadonlySet<string>,
): void {
  for (const store of gone) applications.deleteStore(transaction, name, store)
  for (const { task, progress } of applications.progress(name)) {
    if (progress === undefined) continue
    const rest = encodeEntries(entriesWithout(decodeEntries(progress), dropped))
    if (!rest.equals(progress)) applications.putProgress(transaction, name, { task, progress: rest })
  }
  applications.putPlan(transaction, name, after)
}

function checkId(id: unknown): string {
  if (typeof id === 'string' && id !== '') return id
  throw new MillraceError(
    'bad_option',
    `operators holds ${shown(id)}; expected the id of an operator, as log.admin.describeApplication(id) lists it`,
  )
}

/** @throws MillraceError `operator_unknown` */
function checkKnown(applicationId: string, { nodes }: StoredPlan, id: string): void {
  if (Object.hasOwn(nodes, id)) return
  const known = Object.keys(nodes).toSorted()
  const near = nearestName(id, known)
  const hint = near === undefined ? `it has ${known.map((one) => `"${one}"`).join(', ')}` : `did you mean "${near}"?`
  throw new MillraceError(
    'operator_unknown',
    `application "${applicationId}" has stored nothing of an operator "${id}": ${hint}`,
    { operator: id },
  )
}

/**
 * Rows of a store that stays would miss the way by which their keys came.
 *
 * @throws MillraceError `plan_changed`
 */
function checkKeys(applicationId: string, before: StoredPlan, { stores }: StoredPlan): void {
  for (const [store, { owner, keys }] of Object.entries(stores)) {
    const ways = before.stores[store]?.keys ?? []
    if (ways.length === 0 || keys.length > 0) continue
    throw new MillraceError(
      'plan_changed',
      `application "${applicationId}" cannot go on without ${ways.map((id) => `"${id}"`).join(', ')}: store "${store}" of ` +
        `"${owner}" stays, and that is how its keys came to their partitions. Drop "${owner}" too, or let the new ` +
        'topology begin beside this one with replay()',
      { store },
    )
  }
}
