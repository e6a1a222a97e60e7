// An emission of pipe() outside of its turn stops a running application, also when no record comes any more.
import { delay, map, mergeMap, timer } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { rejectionOf } from '../support/thrown.ts'
import { input, output, topologyOf } from '../support/topology.ts'

interface Text {
  readonly key: string
  readonly value: string
}

describe.each([
  ['a delay', delay<Text>(0)],
  ['a promise', mergeMap(async (record: Text) => record)],
  ['a timer', mergeMap((record: Text) => timer(1).pipe(map(() => record)))],
])('%s', (_name, operator) => {
  test.each(['fail', 'skip'] as const)('stops the application when it emits, under %s', async (onError) => {
    const { log } = openTestLog()
    const app = await start(
      log,
      topologyOf((builder) => builder.stream(input).pipe(operator).to(output)),
      { onError },
    )
    await log.producer().send(input, { key: 'a', value: 'b', timestamp: 1 })
    expect(await rejectionOf(app.stopped)).toMatchObject({ code: 'emitted_outside_turn', operator: 'pipe-1' })
    expect(await log.admin.endOffsets(output)).toEqual([0])
  })
})

test('what comes too late for an application that is closed is nobody’s concern', async () => {
  const { log } = openTestLog()
  const emitted: unknown[] = []
  const late = mergeMap((record: Text) => timer(1).pipe(map(() => (emitted.push(record), record))))
  const app = await start(
    log,
    topologyOf((builder) => builder.stream(input).pipe(late).to(output)),
  )
  await log.producer().send(input, { key: 'a', value: 'b', timestamp: 1 })
  await app.caughtUp().catch(() => undefined) // the timer may be faster
  await app.close().catch(() => undefined) // the same
  while (emitted.length === 0) await new Promise(setImmediate)
  expect(await log.admin.endOffsets(output)).toEqual([0])
})
