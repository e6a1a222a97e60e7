/**
 * split: each record goes to the first branch that wants it.
 */
import type { Subscriber } from 'rxjs'
import { checkedEntries, checkedFunction, checkName } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import type { StreamRecord } from '../core/record.ts'
import type { Carrier } from '../plan/carrier.ts'
import { type CarrierObserver, type OperatorContext, operatorError, type OperatorFactory } from '../plan/operator.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import { refuseLater } from './answers.ts'
import type { Predicate } from './dsl/functions.ts'

/** A branch with its predicate; the operator has a port of its name. */
export interface Branch {
  readonly name: string
  readonly predicate: Predicate<unknown, unknown>
}

/** The branches of a split, as they were checked. */
export interface CheckedBranches {
  readonly wanting: readonly Branch[]
  /** The branch of what no other one wants. */
  readonly otherwise: string | undefined
  /** Of all branches, in the order in which they were named. */
  readonly names: readonly string[]
}

/** @throws MillraceError `bad_option` */
export function checkBranches(branches: object): CheckedBranches {
  const wanting: Branch[] = []
  let otherwise: string | undefined
  const entries = checkedEntries('the branches of split', branches)
  if (entries.length === 0) throw new MillraceError('bad_option', 'split takes at least one branch')
  for (const [name, predicate] of entries) {
    checkName('the name of a branch', name)
    if (/^\d+$/.test(name)) {
      throw new MillraceError(
        'bad_option',
        `a branch of split cannot be called "${name}": JavaScript puts whole numbers before other names, whatever their place`,
      )
    }
    if (predicate !== 'default') {
      const fn = checkedFunction(`branch "${name}" of split`, predicate as Predicate<unknown, unknown>)
      wanting.push({ name, predicate: fn })
    } else if (otherwise === undefined) otherwise = name
    else throw new MillraceError('bad_option', `split has two branches for the rest, "${otherwise}" and "${name}"`)
  }
  return { wanting, otherwise, names: entries.map(([name]) => name) }
}

/** @param otherwise the branch of what no other one wants; without it, that ends here */
export function splitting(branches: readonly Branch[], otherwise: string | undefined): OperatorFactory {
  return (context) => operate((out) => new SplitSubscriber(out, context, branches, otherwise))
}

class SplitSubscriber extends CarrierSubscriber {
  readonly #context: OperatorContext
  readonly #branches: readonly Branch[]
  /** By branch; the one for the rest comes last. */
  readonly #ports: readonly CarrierObserver[]

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    branches: readonly Branch[],
    otherwise: string | undefined,
  ) {
    super(out)
    this.#context = context
    this.#branches = branches
    const names = [...branches.map(({ name }) => name), ...(otherwise === undefined ? [] : [otherwise])]
    this.#ports = names.map((name) => context.port(name))
  }

  protected override _next(carrier: Carrier): void {
    this.#ports[this.#branchOf(carrier.view())]?.next(carrier)
  }

  #branchOf(record: StreamRecord<unknown, unknown>): number {
    const branches = this.#branches
    const { operator, verb } = this.#context
    try {
      for (let at = 0; at < branches.length; at++) {
        const { name, predicate } = branches[at] as Branch
        const answer: unknown = predicate(record)
        if (typeof answer !== 'boolean') refuseLater(`the predicate "${name}" of ${verb}`, answer)
        if (answer) return at
      }
    } catch (error) {
      throw operatorError(operator, error)
    }
    return branches.length
  }
}
