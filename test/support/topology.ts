// Topologies and drivers in one line, and topics that many tests of streams share.
import { StreamsBuilder, string, topic, type Topic, type Topology } from 'millrace'
import { type TestDriverOptions, TopologyTestDriver } from 'millrace/testing'
import { onTestFinished } from 'vitest'

/** Text by text, in one partition. */
export const input: Topic<string, string> = topic('input', { key: string(), value: string() })
export const output: Topic<string, string> = topic('output', { key: string(), value: string() })

/** What a topology script does. */
export type Script = (builder: StreamsBuilder) => unknown

/** The topology that a script describes. */
export function topologyOf(script: Script): Topology {
  const builder = new StreamsBuilder()
  script(builder)
  return builder.build()
}

/** A driver of the topology that a script describes; it is closed when the running test is over. */
export function drive(script: Script, options: TestDriverOptions = {}): TopologyTestDriver {
  const driver = new TopologyTestDriver(topologyOf(script), options)
  onTestFinished(() => driver.close())
  return driver
}

/** What a test compares of a record: `key=value@timestamp`. */
export function briefly(
  records: Iterable<{ readonly key: unknown; readonly value: unknown; readonly timestamp: number }>,
): string[] {
  return [...records].map(({ key, value, timestamp }) => `${brief(key)}=${brief(value)}@${timestamp}`)
}

function brief(part: unknown): string {
  return typeof part === 'string' ? part : JSON.stringify(part)
}
