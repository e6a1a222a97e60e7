// A topology with mapped topics may run for days: it remembers the constants of topics only as long as the program does.
import { string, topic } from 'millrace'
import { expect, test } from 'vitest'
import { mapTopics, topicLike } from '../../src/plan/mapped-topics.ts'
import { collectAllGarbage } from '../support/garbage.ts'
import { input, topologyOf } from '../support/topology.ts'

test('what a function makes anew for each record is mapped, and forgotten with its constant', async () => {
  const script = topologyOf((builder) =>
    builder.stream(input).to(({ value }) => topic(`chosen-${value}`, { key: string(), value: string() })),
  )
  const mapped = mapTopics(script, (one) => topicLike(one, `${one.name}.v2`))
  const sink = mapped.nodes.find((node) => node.kind === 'sink')
  const record = { key: 'a', value: 'x', timestamp: 0, headers: [] } as never
  const made: WeakRef<object>[] = []
  for (let i = 0; i < 20; i++) {
    const chosen = sink?.choose?.(record)
    expect(chosen).toMatchObject({ name: 'chosen-x.v2', like: 'chosen-x' })
    made.push(new WeakRef(chosen as object))
    await new Promise(setImmediate)
  }
  await collectAllGarbage()
  expect(made.filter((one) => one.deref() !== undefined).length).toBeLessThan(3)
})
