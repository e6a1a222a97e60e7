/**
 * What a step of a chain costs by itself: plain calls, RxJS's own operators, and millrace's kind of subscriber.
 */
import { map, type Observable, Subject, Subscriber } from 'rxjs'

interface Box {
  readonly value: number
}

/** Passes on what it gets, as millrace's operators do: without RxJS's catch. */
class PassSubscriber extends Subscriber<Box> {
  readonly #out: Subscriber<Box>

  constructor(out: Subscriber<Box>) {
    super(out)
    this.#out = out
  }

  protected override _next(box: Box): void {
    this.#out.next(step(box))
  }
}

/** Ends a chain, so that no step of it is without effect. */
class SumSubscriber extends Subscriber<Box> {
  sum = 0

  protected override _next({ value }: Box): void {
    this.sum += value
  }
}

const step = (box: Box): Box => (box.value < 0 ? { value: 0 } : box)

export const chains = ['function calls', "millrace's subscribers", 'Subject and map of RxJS'] as const

export type ChainKind = (typeof chains)[number]

export interface ChainOptions {
  readonly kind: ChainKind
  readonly steps: number
  readonly records: number
}

/** Nanoseconds for each record through the whole chain. */
export async function chain({ kind, steps, records }: ChainOptions): Promise<number> {
  const end = new SumSubscriber()
  const push = entrance(kind, steps, end)
  const boxes = Array.from({ length: 1_024 }, (_, value) => ({ value }))
  const pushAll = (count: number): void => {
    for (let index = 0; index < count; index++) push(boxes[index & 1_023] as Box)
  }
  pushAll(Math.ceil(records / 5)) // until the compiler is done with it
  end.sum = 0
  const startedMs = performance.now()
  pushAll(records)
  const tookMs = performance.now() - startedMs
  if (end.sum === 0 && records > 1) throw new Error('the chain lost its records')
  return (tookMs * 1_000_000) / records
}

function entrance(kind: ChainKind, steps: number, end: SumSubscriber): (box: Box) => void {
  if (kind === 'function calls') {
    let next = (box: Box): void => void (end.sum += box.value)
    for (let i = 0; i < steps; i++) {
      const rest = next
      next = (box) => rest(step(box))
    }
    return next
  }
  const subject = new Subject<Box>()
  if (kind === "millrace's subscribers") {
    let out: Subscriber<Box> = end
    for (let i = 0; i < steps; i++) out = new PassSubscriber(out)
    subject.subscribe(out)
  } else {
    let observable: Observable<Box> = subject
    for (let i = 0; i < steps; i++) observable = observable.pipe(map(step))
    observable.subscribe(end)
  }
  return (box) => subject.next(box)
}
