/**
 * process and processValues: operators that users write, with stores, schedules, and as many records out as they like.
 */
import type { Subscriber } from 'rxjs'
import { checkChoice, checkedFunction, checkOptions, checkWhole } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import { isPromise } from '../core/promises.ts'
import { shown } from '../core/shown.ts'
import type { Offset } from '../core/units.ts'
import type { Carrier } from '../plan/carrier.ts'
import { type OperatorContext, type OperatorFactory, type PunctuationType } from '../plan/operator.ts'
import type { StoreSpec } from '../plan/store.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import { promised, refuseLater } from './answers.ts'
import type {
  Done,
  ProcessorContext,
  RecordMetadata,
  RecordProcessor,
  Schedule,
  ScheduleOptions,
  StoreConstant,
  ValueOutput,
} from './dsl/processor.ts'
import type { RecordOutput } from './dsl/functions.ts'
import { stamped } from './map.ts'
import { type AnyProcessorStore, processorStore } from './processor-versions.ts'
import { ProcessorTurn } from './processor-turn.ts'
import { checkSameStore } from './processor-store-spec.ts'

/** A processor of either kind, as a program without types hands it in. */
export type AnyProcessor = (context: Context) => RecordProcessor<unknown, unknown>

/** Makes a carrier of what a processor forwards. */
export type Forwarding = (at: Carrier, record: object, what: string) => Carrier

export function processing(processor: AnyProcessor, stores: readonly StoreSpec[], derive: Forwarding): OperatorFactory {
  return (context) => operate((out) => new ProcessSubscriber(out, context, processor, stores, derive))
}

/** @throws MillraceError `bad_record` */
export const forwardRecord: Forwarding = (at, record, what) => {
  if (record === at.view()) return at
  if (!('key' in record) || !('value' in record)) throw noRecord(what, record, '{ key, value }')
  const { key, value, timestamp, headers } = record as RecordOutput<unknown, unknown>
  if ([key, value, timestamp, headers].some(isPromise)) throw promised(what, record)
  return stamped(at.withKeyAndValue(key, undefined, value, undefined), timestamp, headers)
}

/** @throws MillraceError `bad_record`, `bad_option` */
export const forwardValue: Forwarding = (at, record, what) => {
  if (record === at.view()) return at
  if (at.place.kind === 'punctuation') {
    throw new MillraceError('bad_option', `${what} in a punctuation, where no record has the key; use process`)
  }
  if (!('value' in record)) throw noRecord(what, record, '{ value }')
  const { value, timestamp, headers } = record as ValueOutput<unknown>
  if ('key' in record && !Object.is(record.key, at.key)) {
    throw new MillraceError('bad_record', `${what} with another key, which processValues must keep; use process`)
  }
  if ([value, timestamp, headers].some(isPromise)) throw promised(what, record)
  return stamped(at.withValue(value, undefined), timestamp, headers)
}

function noRecord(what: string, record: unknown, expected: string): MillraceError {
  return new MillraceError('bad_record', `${what} with ${shown(record)}; expected a record, ${expected}`)
}

class ProcessSubscriber extends CarrierSubscriber {
  readonly #turn: ProcessorTurn
  readonly #what: string
  readonly #processor: RecordProcessor<unknown, unknown>

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    processor: AnyProcessor,
    stores: readonly StoreSpec[],
    derive: Forwarding,
  ) {
    super(out)
    this.#what = `the function of ${context.verb}`
    this.#turn = new ProcessorTurn(context)
    this.#processor = this.#turn.make(() => {
      const made = processor(new Context(out, context, this.#turn, stores, derive))
      return checkedProcessor(context, made)
    })
    if (this.#processor.close !== undefined) context.onClose(() => this.#close(context))
  }

  #close({ operator }: OperatorContext): void {
    this.#turn.outside(() => refuseLater(`close of ${operator}`, this.#processor.close?.()))
  }

  protected override _next(carrier: Carrier): void {
    this.#turn.run(carrier, () => refuseLater(this.#what, this.#processor.process(carrier.view())))
  }
}

/** @throws MillraceError `topology_invalid` */
function checkedProcessor({ operator, verb }: OperatorContext, made: unknown): RecordProcessor<unknown, unknown> {
  if (isPromise(made)) throw promised(`the processor of ${operator}`, made)
  if (typeof made === 'object' && made !== null && 'process' in made && typeof made.process === 'function') {
    if (!('close' in made) || made.close === undefined || typeof made.close === 'function') {
      return made as RecordProcessor<unknown, unknown>
    }
  }
  throw new MillraceError(
    'topology_invalid',
    `the processor of ${operator} returned ${shown(made)}; ${verb} takes a function that returns { process(record) { … } }`,
    { operator },
  )
}

/** What a processor sees of its operator, its turn, and its stores. */
export class Context implements ProcessorContext<unknown, unknown> {
  readonly #out: Subscriber<Carrier>
  readonly #context: OperatorContext
  readonly #turn: ProcessorTurn
  readonly #derive: Forwarding
  readonly #stores: readonly StoreSpec[]
  readonly #opened = new Map<StoreSpec, AnyProcessorStore>()

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    turn: ProcessorTurn,
    stores: readonly StoreSpec[],
    derive: Forwarding,
  ) {
    this.#out = out
    this.#context = context
    this.#turn = turn
    this.#stores = stores
    this.#derive = derive
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

  forward(record: RecordOutput<unknown, unknown>, child?: string): void {
    const { operator } = this.#context
    const what = `${operator} called forward`
    const at = this.#turn.at('forward')
    if (typeof record !== 'object' || record === null) throw noRecord(what, record, '{ key, value }')
    const to = child === undefined ? this.#out : this.#child(child)
    const next = this.#derive(at, record, what)
    this.#turn.emit(() => to.next(next))
  }

  #child(id: string): { next(carrier: Carrier): void } {
    const { children, operator } = this.#context
    const child = children.get(id)
    if (child !== undefined) return child
    const names = [...children.keys()].map((name) => `"${name}"`).join(', ')
    throw new MillraceError(
      'bad_option',
      `${operator} forwards to ${shown(id)}, but ${names === '' ? 'nothing comes after it' : `what comes after it is ${names}`}`,
      { operator },
    )
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
