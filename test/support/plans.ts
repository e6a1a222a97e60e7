// Plans that are built by hand, node by node: what the DSL has no verb for.
import { int64, string, type Topic } from 'millrace'
import { type TestDriverOptions, TopologyTestDriver } from 'millrace/testing'
import { onTestFinished } from 'vitest'
import { type Codec, codecOf, type Serde } from '../../src/core/serde.ts'
import type { SourceTopic } from '../../src/plan/node.ts'
import { PlanBuilder } from '../../src/plan/plan-builder.ts'
import { keyLayout, windowLayout } from '../../src/plan/store-layout.ts'
import type { OperatorFactory } from '../../src/plan/operator.ts'
import type { StoreSpec } from '../../src/plan/store.ts'
import { Topology } from '../../src/streams/topology.ts'
import type { AlignedWindows } from '../../src/core/windows/windows.ts'
import { aggregation } from '../../src/streams/aggregate.ts'
import { alignedAggregation } from '../../src/streams/aligned-aggregate.ts'
import { counting } from '../../src/streams/fold.ts'

/** A store of counts by text. */
export function countStore(name: string, windows?: AlignedWindows): StoreSpec {
  return {
    kind: windows === undefined ? 'keyValue' : 'window',
    name,
    keyCodec: codecOf(string()) as Codec<unknown>,
    valueCodec: codecOf(int64()) as Codec<unknown>,
    layout: windows === undefined ? keyLayout() : windowLayout(10),
    form: windows?.form,
    facts: {},
  }
}

/** A count in such a store. */
export function countIn(store: StoreSpec, windows?: AlignedWindows): OperatorFactory {
  return windows === undefined ? aggregation(store, counting) : alignedAggregation(store, counting, windows)
}

/** A topic as sources and sinks of a plan name it. */
export function planTopic<K, V>({ name, partitions, config, key, value }: Topic<K, V>): SourceTopic {
  return {
    name,
    partitions,
    config,
    keyCodec: codecOf(key as Serde<unknown>),
    valueCodec: codecOf(value as Serde<unknown>),
  }
}

/** The topology of a plan. */
export function planned(script: (plan: PlanBuilder) => unknown): Topology {
  const plan = new PlanBuilder()
  script(plan)
  return new Topology(plan.nodes)
}

/** A driver of a plan; it is closed when the running test is over. */
export function drivePlan(script: (plan: PlanBuilder) => unknown, options: TestDriverOptions = {}): TopologyTestDriver {
  const driver = new TopologyTestDriver(planned(script), options)
  onTestFinished(() => driver.close())
  return driver
}
