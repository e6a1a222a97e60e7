// Changes of tables in tests: a reader that needs old values, and a table of lists that is changed in place.
import assert from 'node:assert/strict'
import { json, string, type Topic, topic } from 'millrace'
import { codecOf } from '../../src/core/serde.ts'
import type { Carrier } from '../../src/plan/carrier.ts'
import type { OperatorNode, PlanNode } from '../../src/plan/node.ts'
import type { OperatorFactory } from '../../src/plan/operator.ts'
import { ofTables } from '../../src/plan/old-values.ts'
import { PlanBuilder } from '../../src/plan/plan-builder.ts'
import { keyLayout } from '../../src/plan/store-layout.ts'
import type { StoreSpec } from '../../src/plan/store.ts'
import { Topology } from '../../src/streams/topology.ts'
import { operate, PassingSubscriber } from '../../src/plan/subscriber.ts'
import { aggregation } from '../../src/streams/aggregate.ts'
import { aggregating } from '../../src/streams/fold.ts'

/** What {@link showing} says of each change, by the key of its row. */
export const shownChanges: Topic<string, string> = topic('shown-changes', { key: string(), value: string() })

/** What is asked of old values, as a reader at the end of a plan asks. */
export const reading = { needed: true, from: 'nowhere' } as const

/** `old > new` of a change; `-` is no row. */
export function changeText({ old, value }: Carrier): string {
  return `${sideText(old)} > ${sideText(value)}`
}

function sideText(side: unknown): string {
  if (side === null) return '-'
  return Array.isArray(side) ? side.join('') : JSON.stringify(side)
}

const showing: OperatorFactory = () =>
  operate(
    (out) =>
      new PassingSubscriber({
        next(carrier) {
          out.next(
            carrier.withKeyAndValue<unknown, unknown>(keyText(carrier.key), undefined, changeText(carrier), undefined),
          )
        },
      }),
  )

function keyText(key: unknown): string {
  return typeof key === 'string' ? key : JSON.stringify(key)
}

/** Puts a reader of old values after a table, and a sink after it. */
export function show(plan: PlanBuilder, table: PlanNode, to = shownChanges): OperatorNode {
  const reader = plan.stateless('show', table, undefined, showing, reading)
  const { name, partitions, config } = to
  const codec = codecOf(string()) as never
  plan.sink(reader, { name, partitions, config, keyCodec: codec, valueCodec: codec }, undefined)
  return reader
}

/** A topology with a reader of old values after one of its nodes. */
export function showIn({ nodes }: Topology, id: string): Topology {
  const plan = new PlanBuilder()
  const table = nodes.find((node) => node.id === id)
  assert(table !== undefined, `the topology has a node ${id}`)
  show(plan, table)
  return new Topology([...nodes, ...plan.nodes])
}

/** What an aggregate does with a value: `-` deletes the row, all else is pushed to the list in place. */
export function pushed(list: string[], value: string): string[] | null {
  if (value === '-') return null
  list.push(value)
  return list
}

/** A table of the lists of values by key. */
export function listTable(plan: PlanBuilder, parent: PlanNode, name: string): OperatorNode {
  const store: StoreSpec = {
    kind: 'keyValue',
    name,
    keyCodec: codecOf(string()) as never,
    valueCodec: codecOf(json<string[]>()) as never,
    layout: keyLayout(),
    form: undefined,
    facts: {},
  }
  const fold = aggregating(
    () => [],
    (_key, value, list) => pushed(list as string[], value as string),
  )
  return plan.stateful('aggregate', parent, name, () => ({
    stores: [store],
    operator: aggregation(store, fold),
    oldValues: ofTables,
  }))
}

/** A change of a list, as a model has it; null is no row. */
export interface ListChange {
  readonly key: string
  readonly old: readonly string[] | null
  readonly value: readonly string[] | null
}

/** The changes of {@link listTable} by a model: records of letters that are all of one turn; one with a `!` fails. */
export function listChanges(records: readonly (readonly [string, string])[]): ListChange[] {
  const rows = new Map<string, readonly string[] | null>()
  const changes: ListChange[] = []
  for (const [key, value] of records) {
    if (value.includes('!')) continue
    for (const letter of value) {
      const old = rows.get(key) ?? null
      const list = letter === '-' ? null : [...(old ?? []), letter]
      rows.set(key, list)
      changes.push({ key, old, value: list })
    }
  }
  return changes
}
