// A version that still waits for answers has not made all of what it has read: it is compared and switched when they are there.
import { type Log, replay, string, topic, type Topology } from 'millrace'
import { expect, onTestFinished, test } from 'vitest'
import { start, until } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { applicationId, say } from '../support/counting-versions.ts'
import { openTestLog } from '../support/open.ts'
import { rejectionOf } from '../support/thrown.ts'
import { topologyOf } from '../support/topology.ts'
import { words } from '../support/topics.ts'

const said = topic('said', { key: string(), value: string() })

/** Says each word again, when it is let. */
function asking(answers: Promise<void>): Topology {
  return topologyOf((builder) => {
    builder
      .stream(words)
      .mapAsync(async ({ value }) => {
        await answers
        return value
      })
      .to(said)
  })
}

const asked = async (log: Log): Promise<number> => (await collect(log.read(said))).length

async function waitingForAnswers() {
  const { log } = openTestLog()
  let answer = (): void => undefined
  const answers = new Promise<void>((resolve) => {
    answer = resolve
  })
  await say(log, 'a')
  const live = await start(log, asking(answers), { commit: { everyMs: 0 } })
  const own = { log, applicationId, version: 'v2', effects: 'run' } as const
  const v2 = await replay(asking(Promise.resolve()), own)
  onTestFinished(() => v2.close())
  await until(() => v2.progress().done === 1)
  return { log, live, v2, answer }
}

test('a switch in the same topics waits for the answers of the live version, which goes on when they do not come', async () => {
  const { log, live, v2, answer } = await waitingForAnswers()
  const late = await rejectionOf(v2.switch({ outputs: 'continue', patienceMs: 200 }))
  expect(late).toMatchObject({ code: 'behind', message: expect.stringContaining('mapAsync') })
  expect(live.state).toBe('running')
  const switched = v2.switch({ outputs: 'continue' })
  answer()
  await switched
  expect(await asked(log)).toBe(1)
  await say(log, 'a')
  await v2.caughtUp()
  expect(await asked(log)).toBe(2)
})

test('a comparison waits for the answers of the live version too, and says what it has waited for', async () => {
  const { v2, answer } = await waitingForAnswers()
  expect(await rejectionOf(v2.compare({ patienceMs: 50 }))).toMatchObject({
    code: 'behind',
    message: expect.stringContaining('have work left of what they have read'),
  })
  const comparing = v2.compare()
  answer()
  expect((await comparing).isEqual).toBe(true)
})
