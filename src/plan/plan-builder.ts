/**
 * Makes the nodes of a plan while the DSL is called: order, ids and lineage are decided here and nowhere else.
 */
import { assert } from '../core/assert.ts'
import { MillraceError } from '../core/errors.ts'
import { checkName } from '../core/checks.ts'
import type { Codec } from '../core/serde.ts'
import type {
  OldValues,
  OperatorNode,
  PlanNode,
  PortNode,
  RegroupNode,
  SinkNode,
  SourceNode,
  SourceReset,
  SourceTopic,
  TimestampExtractor,
  TopicPattern,
} from './node.ts'
import { type Facts, keysOfTopic, valuesOfTopic } from '../core/stored-plan.ts'
import { ofStreams } from './old-values.ts'
import type { Effect, OperatorFactory } from './operator.ts'
import type { StoreSpec } from './store.ts'

/** The longest id that is made from its parts; longer ones ask for a name. */
const idLengthMax = 249

/** What an operator reads: one node, or one for each of its inputs. */
type Parents = PlanNode | readonly PlanNode[]

export class PlanBuilder {
  readonly nodes: PlanNode[]
  readonly #countByVerb = new Map<string, number>()

  /** @param nodes what the plan goes on from */
  constructor(nodes: readonly PlanNode[] = []) {
    this.nodes = [...nodes]
  }

  /** @param from topics, or the pattern that their names match */
  source(
    from: readonly SourceTopic[] | TopicPattern,
    reset: SourceReset,
    name: string | undefined,
    verb: 'stream' | 'table' | 'globalTable' = 'stream',
    timestampOf?: TimestampExtractor,
  ): SourceNode {
    const [topics, pattern] = 'regExp' in from ? [[], from] : [from, undefined]
    const lineage = name ?? pattern?.regExp.source ?? topics.map((topic) => topic.name).join('_')
    return this.#add({
      kind: 'source',
      verb,
      parents: [],
      ...this.#stable(lineage, name),
      topics: Object.freeze(topics),
      pattern,
      reset,
      timestampOf,
      isGlobal: verb === 'globalTable',
      facts: Object.fromEntries(
        [...topics, ...(pattern === undefined ? [] : [{ ...pattern, name: String(pattern.regExp) }])].flatMap(
          ({ name: what, keyCodec, valueCodec }) => [
            [keysOfTopic + what, keyCodec.name],
            [valuesOfTopic + what, valueCodec.name],
          ],
        ),
      ),
    })
  }

  /** The store of this name, as the node that was made first has it. */
  store(name: string): StoreSpec | undefined {
    for (const { stores } of this.nodes) {
      const found = stores.find((store) => store.name === name)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** An operator that keeps nothing: its id only names it, and later ids do not depend on it. */
  stateless(
    verb: string,
    from: Parents,
    name: string | undefined,
    operator: OperatorFactory,
    oldValues: OldValues = ofStreams,
    effect?: Effect,
  ): OperatorNode {
    const parents = listOf(from)
    return this.#add({
      kind: 'operator',
      verb,
      parents,
      id: this.#passing(verb, name),
      lineage: lineageOf(parents),
      operator,
      oldValues: Object.freeze(oldValues),
      readsRanges: [],
      takesNullKeys: false,
      calls: 'none',
      goesByTaskTime: false,
      namesChildren: false,
      effect,
    })
  }

  /**
   * An operator with stores, its own or those of others.
   *
   * @param make gets its id, after which a store without a name is named
   * @param beside what it reads without getting its records, which is part of the id
   */
  stateful(
    verb: string,
    from: Parents,
    name: string | undefined,
    make: (id: string) => {
      readonly stores: readonly StoreSpec[]
      readonly operator: OperatorFactory
      readonly facts?: Facts | undefined
      readonly oldValues?: OldValues | undefined
      readonly readsRanges?: readonly StoreSpec[] | undefined
      readonly takesNullKeys?: boolean | undefined
      readonly calls?: OperatorNode['calls'] | undefined
      readonly goesByTaskTime?: boolean | undefined
      readonly namesChildren?: boolean | undefined
      readonly effect?: Effect | undefined
    },
    beside: readonly PlanNode[] = [],
  ): OperatorNode {
    const parents = listOf(from)
    const stable = this.#stable(`${lineageOf([...parents, ...beside])}.${verb}`, name)
    const made = make(stable.id)
    const {
      stores,
      operator,
      facts = {},
      oldValues = ofStreams,
      readsRanges = [],
      takesNullKeys = false,
      calls = 'none',
      goesByTaskTime = false,
      namesChildren = false,
      effect,
    } = made
    return this.#add({
      kind: 'operator',
      verb,
      parents,
      ...stable,
      stores,
      operator,
      facts,
      oldValues: Object.freeze(oldValues),
      readsRanges: Object.freeze(readsRanges),
      takesNullKeys,
      calls,
      goesByTaskTime,
      namesChildren,
      effect,
    })
  }

  /** The id that such an operator will get, for what is to be named after it. */
  idOf(verb: string, parents: readonly PlanNode[], name: string | undefined): string {
    return this.#stable(`${lineageOf(parents)}.${verb}`, name).id
  }

  /** A further output of an operator, by the name that the operator has for it. */
  port(verb: string, operator: OperatorNode, name: string): PortNode {
    return this.#add({
      kind: 'port',
      verb,
      parents: [operator],
      id: `${operator.id}-${name}`,
      lineage: `${operator.lineage}.${name}`,
      name,
    })
  }

  regroup(
    verb: string,
    parent: PlanNode,
    name: string | undefined,
    keyCodec: Codec<unknown>,
    valueCodec: Codec<unknown>,
    partitions?: number,
    of: 'records' | 'changes' = 'records',
  ): RegroupNode {
    return this.#add({
      kind: 'regroup',
      verb,
      parents: [parent],
      ...this.#stable(`${parent.lineage}.${verb}`, name),
      of,
      keyCodec,
      valueCodec,
      partitions,
      facts: { ...(of === 'changes' ? { of } : {}), key: keyCodec.name, value: valueCodec.name },
    })
  }

  /**
   * @param choose which topic a record goes to; without it, to the only one
   * @param newest as {@link SinkNode.newest}
   */
  sink(
    from: Parents,
    topics: SourceTopic | readonly SourceTopic[],
    name: string | undefined,
    choose?: SinkNode['choose'],
    newest: boolean = false,
  ): SinkNode {
    assert(choose !== undefined || 'name' in topics, 'a sink that asks no function has one topic')
    const parents = listOf(from)
    return this.#add({
      kind: 'sink',
      verb: 'to',
      parents,
      id: this.#passing('to', name),
      lineage: lineageOf(parents),
      topics: Object.freeze('name' in topics ? [topics] : topics),
      choose,
      newest,
    })
  }

  #stable(made: string, name: string | undefined): { readonly id: string; readonly lineage: string } {
    if (name !== undefined) return { id: checkName('the name of an operator', name), lineage: name }
    if (made.length > idLengthMax) {
      throw new MillraceError(
        'topology_invalid',
        `the operator's id would be "${made}", which is too long; give it a name: { name: '…' }`,
      )
    }
    return { id: made, lineage: made }
  }

  #passing(verb: string, name: string | undefined): string {
    const count = (this.#countByVerb.get(verb) ?? 0) + 1
    this.#countByVerb.set(verb, count)
    return name === undefined ? `${verb}-${count}` : checkName('the name of an operator', name)
  }

  #add<N extends PlanNode>(node: Omit<N, 'index' | 'stores' | 'facts'> & Partial<Pick<N, 'stores' | 'facts'>>): N {
    Object.freeze(node.parents)
    const { stores = [], facts = {} } = node
    const own = { index: this.nodes.length, stores: Object.freeze(stores), facts: Object.freeze(facts) }
    const added = Object.freeze({ ...node, ...own }) as unknown as N
    this.nodes.push(added)
    return added
  }
}

function listOf(parents: Parents): readonly PlanNode[] {
  return 'kind' in parents ? [parents] : parents
}

function lineageOf(parents: readonly PlanNode[]): string {
  return [...new Set(parents.map(({ lineage }) => lineage))].join('_')
}
