/**
 * What an operator of the user's sees of its own operator, its turn, and its stores; and what it may be.
 */
import { checkChoice, checkedFunction, checkOptions, checkWhole } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import { isPromise } from '../core/promises.ts'
import { shown } from '../core/shown.ts'
import type { Offset } from '../core/units.ts'
import type { OperatorContext, PunctuationType } from '../plan/operator.ts'
import type { StoreSpec } from '../plan/store.ts'
import { promised, refuseLater } from './answers.ts'
import type {
  AnyProcessorContext,
  Done,
  RecordMetadata,
  Schedule,
  ScheduleOptions,
  StoreConstant,
} from './dsl/processor.ts'
import { checkSameStore } from './processor-store-spec.ts'
import type { ProcessorTurn } from './processor-turn.ts'
import { type AnyProcessorStore, processorStore } from './processor-versions.ts'

/** What a function of the user's makes for a partition: an object with the method that is called in each turn. */
interface Made {
  close?(): Done
}

/**
 * Makes it, checks it, and lets it close with the application.
 *
 * @throws MillraceError `topology_invalid`
 */
export function makeOwn<T extends Made>(
  context: OperatorContext,
  turn: ProcessorTurn,
  method: Exclude<keyof T, 'close'> & string,
  make: () => T,
): T {
  const own = turn.make(() => checked(context, method, make()))
  if (own.close !== undefined) {
    context.onClose(() => turn.outside(() => refuseLater(`close of ${context.operator}`, own.close?.())))
  }
  return own
}

function checked<T extends Made>({ operator, verb }: OperatorContext, method: string, made: T): T {
  const given: unknown = made
  if (isPromise(given)) throw promised(`the function of ${operator}`, given)
  if (typeof given === 'object' && given !== null) {
    const { close, [method]: called } = given as { readonly [name: string]: unknown }
    if (typeof called === 'function' && (close === undefined || typeof close === 'function')) return made
  }
  throw new MillraceError(
    'topology_invalid',
    `the function of ${operator} returned ${shown(given)}; ${verb} takes one that returns { ${method}(record) { … } }`,
    { operator },
  )
}

/** What a processor sees of its operator, its turn, and its stores. */
export class OwnContext implements AnyProcessorContext {
  readonly #context: OperatorContext
  readonly #turn: ProcessorTurn
  readonly #stores: readonly StoreSpec[]
  readonly #opened = new Map<StoreSpec, AnyProcessorStore>()

  constructor(context: OperatorContext, turn: ProcessorTurn, stores: readonly StoreSpec[]) {
    this.#context = context
    this.#turn = turn
    this.#stores = stores
  }

  get partition(): number {
    return this.#context.partition
  }

  get streamTime(): number {
    return this.#context.taskTime
  }

  get wallClock(): number {
    return this.#context.wallClock
  }

  get recordMetadata(): RecordMetadata | undefined {
    const origin = this.#turn.carrier?.origin
    if (origin === undefined || origin.place.kind !== undefined) return undefined
    const { topic, partition } = origin.place
    return Object.freeze({ topic, partition, offset: origin.offset as Offset })
  }

  store(constant: StoreConstant): never {
    const { operator } = this.#context
    this.#turn.atWork('store')
    const spec = this.#stores.find(({ name }) => name === constant?.name)
    if (spec === undefined) {
      const named = this.#stores.map(({ name }) => `"${name}"`).join(', ')
      throw new MillraceError(
        'store_unknown',
        `${operator} asks for store ${shown(constant?.name)}, but names ${named === '' ? 'none' : named}: add its constant to { stores: […] }`,
        { operator, store: String(constant?.name) },
      )
    }
    checkSameStore('bad_option', operator, constant, spec)
    let opened = this.#opened.get(spec)
    if (opened === undefined) {
      this.#opened.set(spec, (opened = processorStore(this.#context, this.#turn, spec, this.#stores)))
    }
    return opened as never
  }

  schedule(
    intervalMs: number,
    type: PunctuationType,
    punctuator: (now: number) => Done,
    options: ScheduleOptions = {},
  ): Schedule {
    this.#turn.atWork('schedule')
    const { startMs } = checkOptions('schedule', options, ['startMs'])
    checkWhole('the interval of schedule', intervalMs, 1)
    checkChoice('the type of schedule', type, ['streamTime', 'wallClock'])
    checkedFunction('schedule', punctuator)
    if (startMs !== undefined) checkWhole('startMs', startMs, 0)
    const what = `a punctuation of ${this.#context.operator}`
    const scheduled = this.#context.schedule(
      intervalMs,
      type,
      (now, job) => this.#turn.run(job, () => refuseLater(what, punctuator(now))),
      { startMs },
    )
    return {
      cancel: () => {
        this.#turn.atWork('cancel')
        scheduled.cancel()
      },
    }
  }

  commit(): void {
    this.#turn.at('commit')
    this.#context.commit()
  }
}
