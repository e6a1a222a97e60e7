// A call that a program without types gets wrong is refused by the call itself, with a code and what was given; nothing of it
// is written, and the log works on.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { keyValueStore, ManualClock, openLog, restoreLog, string } from 'millrace'
import { describe, expect, test } from 'vitest'
import { collect } from '../support/collect.ts'
import { openTestLog, type OpenedLog } from '../support/open.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { errorOf, rejectionOf } from '../support/thrown.ts'
import { lines, words } from '../support/topics.ts'
import { call } from '../support/untyped.ts'

/** A call by its name, what it is given, and what its refusal says. */
type BadCall = readonly [verb: string, args: readonly unknown[], message: string | RegExp]

const titled = (calls: readonly BadCall[]): (readonly [string, ...BadCall])[] =>
  calls.map((one) => [`${one[0]}(${one[1].map(written).join(', ')})`, ...one])

/** An argument as a program writes it. */
const written = (argument: unknown): string =>
  JSON.stringify(argument, (_, value: unknown) => {
    if (value === words) return '<words>'
    if (value === lines) return '<lines>'
    return value === undefined || Number.isNaN(value) ? `<${String(value)}>` : value
  }).replaceAll(/"<(\w+)>"/g, '$1')

/** A log with three records in the one partition of `lines`, and a group that has read them. */
async function openWithLines(): Promise<OpenedLog> {
  const opened = openTestLog(undefined, { clock: new ManualClock(1_000) })
  const records = [0, 1, 2].map((timestamp) => ({ key: 'k', value: String(timestamp), timestamp }))
  await opened.log.producer().sendMany(lines, records)
  await opened.log.admin.resetOffsets('readers', { to: 'latest', topics: [lines] })
  return opened
}

/** Makes the call, which must be refused; then that it has written nothing, and that the log works. */
async function expectRefusal(opened: OpenedLog, attempt: () => unknown, message: string | RegExp): Promise<void> {
  const { log } = opened
  const { lastTransaction } = await log.admin.stats()
  expect(await rejectionOf((async () => attempt())())).toMatchObject({
    code: 'bad_option',
    message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
  })
  expect((await log.admin.stats()).lastTransaction).toBe(lastTransaction)
  await log.producer().send(lines, { key: 'k', value: 'after' })
  expect((await collect(log.read(lines))).map(({ value }) => value)).toEqual(['0', '1', '2', 'after'])
  expect(await log.admin.groups()).toMatchObject([{ name: 'readers' }])
  expect((await log.admin.verify()).problems).toEqual([])
}

const store = keyValueStore('lines', { key: string(), value: string() })
const noTopic = 'a topic is given by its constant or by its name, not by'

const adminCalls: readonly BadCall[] = [
  ['createTopic', [], 'createTopic takes the constant of a topic or { name, partitions, config }, not undefined'],
  ['createTopic', ['new'], 'not "new"'],
  ['createTopic', [{ name: 'new', partitons: 4 }], /no option "partitons".* Did you mean "partitions"\?/],
  ['createTopic', [{ name: 'new', retentionMs: 5 }], 'retentionMs in config: { name, config: { retentionMs } }'],
  ['createTopic', [{ ...words, retentionMs: 5 }], 'retentionMs in config'],
  ['createTopic', [{ name: 'new', config: { retentonMs: 5 } }], 'Did you mean "retentionMs"?'],
  ['createTopic', [{ name: 'new', config: null }], 'the config of a topic takes its options as an object, not null'],
  ['createTopic', [{ name: 'new', config: 5 }], 'not 5'],
  ['createTopic', [{ name: 'new', partitions: null }], 'the number of partitions is null'],
  ['createTopic', [{ name: 'new', partitions: '4' }], 'the number of partitions is "4"'],
  ['createTopic', [{ partitions: 4 }], `${noTopic} { partitions: 4 }`],
  ['createTopic', [{ name: 'a/b' }], '"a/b" cannot be the name of a topic'],
  ['createTopic', [store], `${noTopic} { kind: 'keyValueStore', name: 'lines'`],
  ['alterTopic', [undefined, {}], `${noTopic} undefined`],
  ['alterTopic', ['lines'], 'alterTopic takes its options as an object, not undefined'],
  ['alterTopic', ['lines', { retenionMs: 4 }], 'Did you mean "retentionMs"?'],
  ['describeTopic', [], `${noTopic} undefined`],
  ['describeTopic', [null], `${noTopic} null`],
  ['deleteTopic', [{}], `${noTopic} {}`],
  ['deleteTopic', [store], `${noTopic} { kind: 'keyValueStore', name: 'lines'`],
  ['addPartitions', ['lines'], 'the number of partitions is undefined'],
  ['startOffsets', [5], `${noTopic} 5`],
  ['endOffsets', [], `${noTopic} undefined`],
  ['offsetsForTimes', ['lines', new Date(0)], 'the time to look for is 1970'],
  ['deleteRecords', ['lines'], 'the list of deletions is undefined; expected a list'],
  ['deleteRecords', ['lines', { partition: 0, beforeOffset: 1 }], 'expected a list'],
  ['deleteRecords', ['lines', [{ partition: 0, beforeOffset: 1 }, null]], 'as an object, not null'],
  ['deleteRecords', ['lines', [{ partition: 0, offset: 1 }]], 'no option "offset"'],
  ['lag', [], 'undefined cannot be the name of a group'],
  ['lag', [{ group: 'readers' }], "{ group: 'readers' } cannot be the name of a group"],
  ['describeGroup', [], 'undefined cannot be the name of a group'],
  ['deleteGroup', [5], '5 cannot be the name of a group'],
  ['resetOffsets', ['readers'], 'resetOffsets takes its options as an object'],
  ['resetOffsets', ['readers', { to: 'begining' }], 'cannot go to "begining"; expected \'earliest\''],
  ['resetOffsets', ['readers', { to: { ago: 1, time: 1 } }], 'cannot go to'],
  ['resetOffsets', ['readers', { to: 'earliest', dryRun: 'no' }], 'dryRun is "no"; expected true or false'],
  ['resetOffsets', ['readers', { to: 'earliest', dryrun: true }], 'Did you mean "dryRun"?'],
  ['resetOffsets', ['readers', { to: 'earliest', topics: 'lines' }], 'topics is "lines"; expected a list'],
  ['resetOffsets', ['readers', { to: 'earliest', topics: null }], 'topics is null; expected a list'],
  ['resetOffsets', ['readers', { to: 'earliest', topics: [undefined] }], `${noTopic} undefined`],
  ...[undefined, '', 'no good/name', 'a\0b', 'g'.repeat(5_000)].map((group): BadCall => [
    'resetOffsets',
    [group, { to: 'earliest', topics: ['lines'] }],
    'cannot be the name of a group',
  ]),
  ['logSizes', ['lines'], 'topics is "lines"; expected a list'],
  ['logSizes', [null], 'topics is null; expected a list'],
  ['verify', [{ deep: 'x' }], 'deep is "x"; expected true or false'],
  ['verify', [{ onProgress: 5 }], 'onProgress takes a function, not 5'],
  ['verify', [{ signal: {} }], 'signal is {}; expected an AbortSignal'],
  ['backup', [], 'a backup takes the path of a directory, not undefined'],
  ['backup', ['a\0b'], 'a backup takes the path of a directory, not "a'],
]

test.each(titled(adminCalls))('admin.%s is refused', async (_, verb, args, message) => {
  const opened = await openWithLines()
  await expectRefusal(opened, () => call(opened.log.admin, verb, ...args), message)
  expect(await opened.log.admin.listTopics()).toMatchObject([{ name: 'lines', partitions: 1, config: {} }])
})

test.each(
  titled([
    ['read', [], 'read takes the constant of a topic, made by topic(name, { key, value }), not undefined'],
    ['read', ['lines'], 'not "lines"'],
    ['read', [lines, null], 'read takes its options as an object, not null'],
    ['read', [lines, { form: 'end' }], 'Did you mean "from"?'],
    ['read', [lines, { from: 'begining' }], 'cannot begin at "begining"; expected an offset, "beginning", "end"'],
    ['read', [lines, { from: -1 }], 'the offset to begin at is -1'],
    ['read', [lines, { from: null }], 'cannot begin at null'],
    ['read', [lines, { from: { tme: 5 } }], 'cannot begin at { tme: 5 }'],
    ['read', [lines, { from: { time: 1, ago: 1 } }], 'cannot begin at'],
    ['read', [lines, { from: { time: -1 } }], 'the time to begin at is -1'],
    ['read', [lines, { from: { ago: '1h' } }], 'the duration to go back is "1h"'],
    ['read', [lines, { partition: Number.NaN }], 'the partition is NaN'],
    ['read', [lines, { follow: 'x' }], 'follow is "x"; expected true or false'],
    ['read', [lines, { signal: 5 }], 'signal is 5; expected an AbortSignal'],
    ['consumer', [], 'a consumer takes its options as an object, not undefined'],
    ['consumer', [{}], 'a consumer takes one of topics, pattern and assign'],
    ['consumer', [{ topics: [lines], grop: 'g' }], 'Did you mean "group"?'],
    ['consumer', [{ topics: lines }], /^topics is .*; expected a list/],
    ['consumer', [{ topics: [] }], 'at least one topic'],
    ['consumer', [{ topics: [undefined] }], `${noTopic} undefined`],
    ['consumer', [{ topics: [words, {}] }], `${noTopic} {}`],
    ['consumer', [{ topics: [words, { name: 'lines' }] }], 'a consumer takes the constant of a topic'],
    ['consumer', [{ topics: [words, 'a/b'] }], '"a/b" cannot be the name of a topic'],
    ['consumer', [{ topics: [words, 'words'] }], 'the topic "words" is given twice, and differently'],
    ['consumer', [{ pattern: '^l' }], 'pattern is "^l"; expected a RegExp'],
    ['consumer', [{ assign: { topic: words, partition: 0 } }], /^assign is .*; expected a list/],
    ['consumer', [{ assign: [null] }], 'assign takes its options as an object, not null'],
    ['consumer', [{ assign: [{ topc: words, partition: 0 }] }], 'Did you mean "topic"?'],
    ['consumer', [{ assign: [{ topic: words }] }], 'the partition of "words" is undefined'],
    [
      'consumer',
      [{ assign: [{ topic: words, partition: 4 }] }],
      'the partition of "words" is 4; expected a whole number from 0 to 3',
    ],
    [
      'consumer',
      [{ assign: [1, 2, 1].map((partition) => ({ topic: words, partition })) }],
      'assign has words[1] twice',
    ],
    ['consumer', [{ topics: [words], instanceId: 'i' }], 'an instanceId is for a member of a group'],
    ['consumer', [{ assign: [{ topic: words, partition: 0 }], group: 'g', instanceId: 'i' }], 'and no assign'],
    ['consumer', [{ topics: [words], reset: { ago: 5, time: 5 } }], 'reset is { ago: 5, time: 5 }'],
    ['consumer', [{ topics: [words], sessionTimeoutMs: 2 }], 'sessionTimeoutMs is 2; expected a whole number from 3'],
    [
      'consumer',
      [{ topics: [words], sessionTimeoutMs: 100, heartbeatMs: 34 }],
      /heartbeatMs, a third of .* is 34; .* to 33$/,
    ],
    ['consumer', [{ topics: [words], heartbeatMs: null }], /heartbeatMs.* is null/],
    ['consumer', [{ topics: [words], maxPollIntervalMs: null }], 'maxPollIntervalMs is null'],
    ['consumer', [{ topics: [words], signal: {} }], 'signal is {}; expected an AbortSignal'],
    ['consumer', [{ topics: [words], onLost: null }], 'onLost takes a function, not null'],
  ]),
)('log.%s is refused', async (_, verb, args, message) => {
  const opened = await openWithLines()
  await expectRefusal(opened, () => call(opened.log, verb, ...args), message)
  expect(await opened.log.admin.listTopics()).toHaveLength(1)
})

const position = { topic: 'lines', partition: 0, offset: 1 }
const notToCommit = 'commit takes a record, a batch or a list of positions, not'

const methodCalls: readonly BadCall[] = [
  ['commit', [null], `${notToCommit} null`],
  ['commit', [5], `${notToCommit} 5`],
  ['commit', ['lines'], `${notToCommit} "lines"`],
  ['commit', [{ topic: 'lines' }], `${notToCommit} { topic: "lines" }`.replaceAll('"', "'")],
  ['commit', [[null]], 'a position takes its options as an object, not null'],
  ['commit', [[{ ...position, metdata: 'x' }]], 'Did you mean "metadata"?'],
  ['commit', [[{ ...position, metadata: 5 }]], 'the metadata of a commit is a string, not 5'],
  ['commit', [undefined, null], 'the metadata of a commit is a string, not null'],
  ['commit', [[{ ...position, topic: undefined }]], `${noTopic} undefined`],
  ['commit', [[{ ...position, offset: -1 }]], 'is -1'],
  ['batches', [5], 'batches takes its options as an object, not 5'],
  ['batches', [null], 'batches takes its options as an object, not null'],
  ['batches', [{ maxRecord: 5 }], 'Did you mean "maxRecords"?'],
  ['pause', ['lines'], 'the list of partitions is "lines"; expected a list'],
  ['pause', [position], 'expected a list'],
  ['pause', [[null]], 'a partition takes its options as an object, not null'],
  ['resume', [[{ topic: 'lines', partition: 9 }]], 'lines[9] is not assigned'],
  ['seek', [], `${noTopic} undefined`],
  ['seek', [lines], 'is not assigned'],
  ['position', [], `${noTopic} undefined`],
  ['committed', [lines], 'the partition of "lines" is undefined'],
  ['committed', [lines, Number.NaN], 'the partition of "lines" is NaN'],
  ['lag', [], `${noTopic} undefined`],
]

test.each(titled(methodCalls))('consumer.%s is refused', async (_, verb, args, message) => {
  const opened = await openWithLines()
  const consumer = opened.log.consumer({ group: 'readers', topics: [lines], autoCommitMs: false })
  const loop = consumer[Symbol.asyncIterator]()
  const next = loop.next()
  while (consumer.assignment().length === 0) await new Promise(setImmediate)
  await expectRefusal(opened, () => call(consumer, verb, ...args), message)
  expect((await next).value).toMatchObject({ value: 'after' })
})

test('a consumer of a topic that is not there creates none of those beside it', async () => {
  const { log } = openTestLog()
  expect(errorOf(() => log.consumer({ topics: [words, 'lines'] })).code).toBe('topic_unknown')
  expect(await log.admin.listTopics()).toEqual([])
})

test.each([
  ['an offset behind the end', 4, 'position_lost', 'lines[0] ends at offset 3, before offset 4'],
  ['two targets at once', { time: 1, ago: 1 }, 'bad_option', 'cannot begin at { time: 1, ago: 1 }'],
] as const)('a consumer cannot seek %s, and stays where it is', async (_, target, code, message) => {
  const { log } = await openWithLines()
  await using consumer = log.consumer({ topics: [lines] })
  consumer.seek(lines, 0, 2)
  expect(errorOf(() => consumer.seek(lines, 0, target))).toMatchObject({
    code,
    message: expect.stringContaining(message),
  })
  expect(await collect(consumer, 1)).toMatchObject([{ offset: 2 }])
})

describe('a directory', () => {
  test.each([
    [undefined, 'openLog takes the path of a directory, not undefined'],
    ['a\0b', 'openLog takes the path of a directory, not "a'],
  ])('is not opened at %j', async (dir, message) => {
    expect(await rejectionOf(openLog(dir as string))).toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining(message),
    })
  })

  test.each([
    [{ maintenence: false }, 'Did you mean "maintenance"?'],
    [{ maintenance: true }, 'maintenance takes its options as an object, not true'],
    [{ clock: {} }, 'clock.now takes a function, not undefined'],
    [{ clock: null }, 'clock.now takes a function, not undefined'],
    [{ clock: Date }, 'clock.elapsed takes a function, not undefined'],
    [{ offsetsRetentionMs: null }, 'offsetsRetentionMs is null'],
  ])('is not created with %j', async (options, message) => {
    const dir = join(temporaryDirectory(), 'log')
    expect(await rejectionOf(openLog(dir, options as object))).toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining(message),
    })
    expect(existsSync(dir)).toBe(false)
  })

  test('is not made for a copy with options that are wrong', async () => {
    const { log, dir } = await openWithLines()
    const target = join(temporaryDirectory(), 'copy')
    for (const options of [{ onProgress: 5 }, { onProgres: () => undefined }, null]) {
      for (const copying of [call(log.admin, 'backup', target, options), restoreLog(dir, target, options as object)]) {
        expect(await rejectionOf(Promise.resolve(copying))).toMatchObject({ code: 'bad_option' })
      }
    }
    expect(existsSync(target)).toBe(false)
  })
})
