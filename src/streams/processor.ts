/**
 * process and processValues: operators that users write, with stores, schedules, and as many records out as they like.
 */
import type { Subscriber } from 'rxjs'
import { MillraceError } from '../core/errors.ts'
import { isPromise } from '../core/promises.ts'
import { shown } from '../core/shown.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { OperatorContext, OperatorFactory } from '../plan/operator.ts'
import type { StoreSpec } from '../plan/store.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import { functionOf, promised, refuseLater } from './answers.ts'
import type { ProcessorContext, RecordProcessor, ValueOutput } from './dsl/processor.ts'
import type { RecordOutput } from './dsl/functions.ts'
import { stamped } from './map.ts'
import { makeOwn, OwnContext } from './processor-context.ts'
import { ProcessorTurn } from './processor-turn.ts'

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
    this.#what = functionOf(context)
    this.#turn = new ProcessorTurn(context)
    this.#processor = makeOwn<RecordProcessor<unknown, unknown>>(context, this.#turn, 'process', () =>
      processor(new Context(out, context, this.#turn, stores, derive)),
    )
  }

  protected override _next(carrier: Carrier): void {
    this.#turn.run(carrier, () => refuseLater(this.#what, this.#processor.process(carrier.view())))
  }
}

/** What a processor sees: it may forward what it likes. */
export class Context extends OwnContext implements ProcessorContext<unknown, unknown> {
  readonly #out: Subscriber<Carrier>
  readonly #context: OperatorContext
  readonly #turn: ProcessorTurn
  readonly #derive: Forwarding

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    turn: ProcessorTurn,
    stores: readonly StoreSpec[],
    derive: Forwarding,
  ) {
    super(context, turn, stores)
    this.#out = out
    this.#context = context
    this.#turn = turn
    this.#derive = derive
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
}
