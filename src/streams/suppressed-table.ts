/**
 * The node of `suppress`: checks its options, and says what decides when a row is due.
 */
import { checkChoice, checkOptions, checkWhole } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import type { Codec } from '../core/serde.ts'
import { type Facts, graceFact } from '../core/stored-plan.ts'
import { sumMs } from '../core/units.ts'
import { ofSuppress } from '../plan/old-values.ts'
import { keyLayout } from '../plan/store-layout.ts'
import { BufferedChangeCodec } from './buffered-change.ts'
import type { UntilTimeLimit, UntilWindowCloses, WithoutWindows } from './dsl/suppress.ts'
import { requireCodec, type TableParts } from './parts.ts'
import { storeSpec } from './store-spec.ts'
import { emittedRows } from './suppress-rows.ts'
import { type Suppression, suppressing } from './suppress.ts'
import { windowCloseOf } from './window-close.ts'

/** Both kinds of options, whatever the types of keys and values. */
export type SuppressOptions = (UntilWindowCloses | UntilTimeLimit | WithoutWindows) & {
  readonly value?: object | undefined
}

/** All options, of which one of the first two is given. */
interface Options extends Omit<UntilTimeLimit, 'untilTimeLimit' | 'untilWindowCloses'> {
  readonly untilWindowCloses?: true | undefined
  readonly untilTimeLimit?: number | undefined
  readonly value?: object | undefined
}

/** When rows are due, and what their due times depend on. */
type Wait = Pick<Suppression, 'dueOf' | 'closeOf' | 'emitsDeletes' | 'memoryMs' | 'whenFull'> & {
  readonly facts: Facts
}

const known = ['untilWindowCloses', 'untilTimeLimit', 'maxRecords', 'maxBytes', 'whenFull', 'value', 'name']

/** @throws MillraceError `bad_option`, `topology_invalid` */
export function suppressedTable(parts: TableParts, given: SuppressOptions): TableParts {
  const options: Options = checkOptions('suppress', given as Options, known)
  if (parts.rows.historyMs !== undefined) {
    throw new MillraceError(
      'topology_invalid',
      'suppress does not take a table of versions, which wait for no one: filter it, or read its topic as a plain table',
    )
  }
  const { facts, ...wait } = waitOf(parts, options)
  const maxRecords = limitOf('maxRecords', options.maxRecords)
  const maxBytes = limitOf('maxBytes', options.maxBytes)
  const { plan, node, keyCodec } = parts
  const valueCodec = requireCodec('suppress', 'value', options.value, parts.valueCodec)
  const made = plan.stateful('suppress', node, options.name, (id) => {
    const buffered = new BufferedChangeCodec(valueCodec) as Codec<unknown>
    const layout = keyLayout({ hasDueTimes: true })
    const store = storeSpec(id, undefined, { kind: 'keyValueStore', keyCodec, valueCodec: buffered, layout })
    const suppression = { ...wait, store, valueCodec, maxRecords, maxBytes }
    return { stores: [store], operator: suppressing(suppression), facts, oldValues: ofSuppress }
  })
  return { ...parts, node: made, origin: made, valueCodec, rows: emittedRows(made, valueCodec) }
}

function limitOf(name: string, limit: number | undefined): number {
  return limit === undefined ? Number.POSITIVE_INFINITY : checkWhole(name, limit, 0)
}

function waitOf(parts: TableParts, { untilWindowCloses, untilTimeLimit, whenFull }: Options): Wait {
  if ((untilWindowCloses === undefined) === (untilTimeLimit === undefined)) {
    throw new MillraceError('bad_option', 'suppress takes untilWindowCloses: true or untilTimeLimit, and not both')
  }
  if (untilTimeLimit === undefined) {
    checkChoice('untilWindowCloses', untilWindowCloses, [true])
    checkChoice('whenFull', whenFull ?? 'fail', ['fail'])
    return untilClosed(parts)
  }
  const limitMs = checkWhole('untilTimeLimit', untilTimeLimit, 0)
  return {
    dueOf: ({ timestamp }) => sumMs(timestamp, limitMs),
    memoryMs: undefined,
    emitsDeletes: true,
    whenFull: checkChoice('whenFull', whenFull ?? 'emitEarly', ['emitEarly', 'fail']),
    facts: { 'time limit': limitMs },
  }
}

/** A result that went on may come again: of a join, for instance, when one of its sides lags. */
function untilClosed({ node, keyCodec }: TableParts): Wait {
  const close = windowCloseOf(node, keyCodec)
  if (close === undefined) {
    throw new MillraceError(
      'topology_invalid',
      'suppress waits until a window closes, but this table has none, or was not made by an aggregation over windows: use ' +
        'suppress({ untilTimeLimit: seconds(5) })',
    )
  }
  return {
    dueOf: (_, { keyBytes }) => close.closeOf(keyBytes),
    closeOf: ({ keyBytes }) => close.closeOf(keyBytes),
    memoryMs: close.retentionMs,
    emitsDeletes: false,
    whenFull: 'fail',
    facts: { until: 'window closes', [graceFact]: close.graceMs },
  }
}
