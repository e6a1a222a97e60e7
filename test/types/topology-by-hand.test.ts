// A topology by hand: its calls know the types of what they are given, and what comes before a node is found by its name.
import { int64, type Processor, type SourceOptions, string, topic, Topology } from 'millrace'
import { describe, expectTypeOf, test } from 'vitest'

const words = topic('words', { key: string(), value: string() })
const lengths = topic('lengths', { key: string(), value: int64() })
const measuring: Processor<string, string, string, number> = (context) => ({
  process: ({ key, value }) => context.forward({ key, value: value.length }, 'lengths'),
})
/** For calls that must not compile. */
const refused = (calls: () => unknown): void => void expectTypeOf(calls).toBeFunction()

describe('a topology by hand', () => {
  test('goes on from what each call returns', () => {
    const topology = new Topology().addSource('words', words, { timestamp: ({ value }) => value.length })
    expectTypeOf(topology).toEqualTypeOf<Topology>()
    expectTypeOf(
      topology.addProcessor('measuring', measuring, { parents: ['words'], stores: [] }),
    ).toEqualTypeOf<Topology>()
    expectTypeOf(topology.addSink('lengths', lengths, { parents: ['measuring'] })).toEqualTypeOf<Topology>()
    expectTypeOf<SourceOptions<string, string>['timestamp']>().toBeNullable()
  })

  test('takes what a source, a processor and a sink take', () => {
    refused(() => {
      const topology = new Topology()
      // @ts-expect-error a name is no topic
      topology.addSource('words', 'words')
      // @ts-expect-error the topics are of different types
      topology.addSource('both', [words, lengths])
      // @ts-expect-error a time is a number
      topology.addSource('words', words, { timestamp: ({ value }) => value })
      // @ts-expect-error mistyped
      topology.addSource('words', words, { rset: 'latest' })
      // @ts-expect-error after what?
      topology.addProcessor('measuring', measuring, {})
      // @ts-expect-error a processor has process
      topology.addProcessor('measuring', () => ({}), { parents: ['words'] })
      // @ts-expect-error a processor is synchronous
      topology.addProcessor('measuring', async () => ({ process: () => undefined }), { parents: ['words'] })
      // @ts-expect-error a name is no topic
      topology.addSink('lengths', 'lengths', { parents: ['words'] })
      // @ts-expect-error after what?
      topology.addSink('lengths', lengths, {})
    })
  })
})
