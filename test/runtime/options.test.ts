// startStreams refuses what it cannot run, before anything is stored.
import { openLog, startStreams, type StreamsOptions, StreamsBuilder } from 'millrace'
import { expect, test } from 'vitest'
import { openTestLog } from '../support/open.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { rejectionOf } from '../support/thrown.ts'
import { input, output, topologyOf } from '../support/topology.ts'

const copying = topologyOf((builder) => builder.stream(input).to(output))

const wrong: readonly (readonly [object, string])[] = [
  [{ aplicationId: 'x' }, 'startStreams has no option "aplicationId"; it takes log, applicationId, version, commit'],
  [{ applicationId: '' }, 'cannot be an application id'],
  [{ applicationId: 'two words' }, '"two words" cannot be an application id'],
  [{ applicationId: undefined }, 'cannot be an application id'],
  [{ commit: { everyMS: 5 } }, 'commit has no option "everyMS"; it takes everyMs, everyRecords'],
  [{ commit: { everyMs: -1 } }, 'commit.everyMs is -1'],
  [{ commit: { everyRecords: 0 } }, 'commit.everyRecords is 0'],
  [{ commit: { everyRecords: 1.5 } }, 'commit.everyRecords is 1.5'],
  [{ commit: null }, 'commit'],
  [{ onError: 'ignore' }, 'onError is "ignore"; expected one of "fail", "skip", "deadLetter"'],
  [{ onError: { retries: 1, then: 'skip', than: 1 } }, 'onError has no option "than"'],
  [{ deadLetterTopic: 'a/b' }, '"a/b" cannot be the name of a topic'],
  [{ deadLetterTopic: '' }, 'cannot be the name of a topic'],
  [{ maxTaskIdleMs: -1 }, 'maxTaskIdleMs is -1'],
  [{ stateCacheBytes: 0.5 }, 'stateCacheBytes is 0.5'],
  [{ clock: Date }, 'clock.elapsed takes a function, not undefined'],
  [{ clock: null }, 'clock.now takes a function, not undefined'],
  [{ signal: new AbortController() }, '; expected an AbortSignal'],
  [{ until: 'never' }, 'until is "never"'],
  [{ idleTimeoutMs: 0 }, 'idleTimeoutMs is 0; expected a whole number from 1'],
  [{ deadLetterDrops: 'yes' }, 'deadLetterDrops is "yes"'],
  [{ onStateChange: 'log' }, 'onStateChange takes a function, not "log"'],
  [{ log: undefined }, 'log is not a log; open one with openLog(dir)'],
  [{ log: {} }, 'log is not a log'],
  [{ log: 'dir' }, 'log is not a log'],
]

test.each(wrong)('%o is refused', async (options, message) => {
  const { log } = openTestLog()
  const all = { log, applicationId: 'app', ...options } as StreamsOptions
  expect(await rejectionOf(startStreams(copying, all))).toMatchObject({
    code: 'bad_option',
    message: expect.stringContaining(message),
  })
  expect(await log.admin.listTopics()).toEqual([])
})

test('a dead-letter topic that the topology reads is refused: its letters would come back for ever', async () => {
  const { log } = openTestLog()
  const options = { log, applicationId: 'app', onError: 'deadLetter', deadLetterTopic: input.name } as const
  expect(await rejectionOf(startStreams(copying, options))).toMatchObject({
    code: 'bad_option',
    message: expect.stringContaining('"input"'),
  })
})

test('options that are none are refused', async () => {
  for (const options of [undefined, null, 'app']) {
    expect(await rejectionOf(startStreams(copying, options as never))).toMatchObject({ code: 'bad_option' })
  }
})

test('what is no topology is refused', async () => {
  const { log } = openTestLog()
  for (const topology of [undefined, null, {}, new StreamsBuilder(), () => copying]) {
    expect(await rejectionOf(startStreams(topology as never, { log, applicationId: 'app' }))).toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining('build()'),
    })
  }
})

test('a log that is closed is refused', async () => {
  const log = await openLog(temporaryDirectory())
  await log.close()
  expect(await rejectionOf(startStreams(copying, { log, applicationId: 'app' }))).toMatchObject({ code: 'closed' })
})
