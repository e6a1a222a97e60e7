// Plans that are built by hand, node by node: what the DSL has no verb for.
import { int64, string, type Topic } from 'millrace'
import { type TestDriverOptions, TopologyTestDriver } from 'millrace/testing'
import { onTestFinished } from 'vitest'
import { type Codec, codecOf, type Serde } from '../../src/core/serde.ts'
import type { SourceTopic } from '../../src/plan/node.ts'
import { PlanBuilder } from '../../src/plan/plan-builder.ts'
import { keyLayout, windowLayout } from '../../src/plan/store-layout.ts'
import type { StoreSpec, WindowSpec } from '../../src/plan/store.ts'
import { Topology } from '../../src/plan/topology.ts'

/** A store of counts by text. */
export function countStore(name: string, window?: WindowSpec): StoreSpec {
  return {
    kind: window === undefined ? 'keyValue' : 'window',
    name,
    keyCodec: codecOf(string()) as Codec<unknown>,
    valueCodec: codecOf(int64()) as Codec<unknown>,
    layout: window === undefined ? keyLayout() : windowLayout(10),
    window,
    facts: {},
  }
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
