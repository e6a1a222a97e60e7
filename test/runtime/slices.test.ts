// A run comes back while turns are long: the event loop and the commit do not wait for a fixed number of them.
import { expect, test } from 'vitest'
import { engineOn } from '../support/engine.ts'
import { openTestLog } from '../support/open.ts'
import { input, topologyOf } from '../support/topology.ts'

test('the time is looked at after one turn, and then ever more seldom', async () => {
  const { log, embedded } = openTestLog()
  let turns = 0
  const { engine } = engineOn(
    embedded,
    topologyOf((builder) => builder.stream(input).foreach(() => void turns++)),
  )
  const records = Array.from({ length: 300 }, (_, i) => ({ key: 'a', value: 'x', timestamp: i }))
  await log.producer().sendMany(input, records)
  expect(engine.run(() => true)).toBe('timeUp')
  expect(turns).toBe(1)
  turns = 0
  const looks: number[] = []
  expect(engine.run(() => looks.push(turns) === 0)).toBe('drained')
  expect(looks).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 192, 256])
})
