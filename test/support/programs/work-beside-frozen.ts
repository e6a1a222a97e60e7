// Asks a log for everything that its users await, all at once, when it is told that another process is frozen in its commit.
//
// It prints `ready`, waits for a line, and prints what still waits after the event loop has gone round some times; then how each ended.
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { type Admin, int64, openLog, startStreams, StreamsBuilder, string, topic } from '../../../src/index.ts'

const [, , dir = '', copy = ''] = process.argv
const words = topic('words', { key: string(), value: int64() })
const old = topic('old', { key: string(), value: int64() })
const emptied = topic('emptied', { key: string(), value: int64() })
const copied = topic('copied', { key: string(), value: int64() })

const log = await openLog(dir, { maintenance: false })
const record = { key: 'a', value: 1, timestamp: 1 }
await log.producer().send(words, record)
await log.producer().send(emptied, record)
await log.admin.createTopic(old)

const builder = new StreamsBuilder()
const failing = builder.stream(words).mapValues((): number => {
  throw new Error('not yet')
})
failing.to(copied)
const app = await startStreams(builder.build(), { log, applicationId: 'app', onError: 'deadLetter' })
await app.caughtUp()
await app.close()

const leaving = await openLog(dir, { maintenance: false })
const member = leaving.consumer({ topics: [words], group: 'members' })
for await (const _ of member) break
const readers = log.consumer({ topics: [words], group: 'readers' })
for await (const _ of readers) break
await readers.close()

async function join(topicOfWords: typeof words): Promise<void> {
  const consumer = log.consumer({ topics: [topicOfWords], group: `newcomers-${topicOfWords.name}` })
  for await (const _ of consumer) break
  await consumer.close()
}

/** In this order: what comes first finds what the later ones take away. */
const admin: { readonly [name in keyof Admin]: () => Promise<unknown> } = {
  listTopics: () => log.admin.listTopics(),
  describeTopic: () => log.admin.describeTopic(words),
  endOffsets: () => log.admin.endOffsets(words),
  startOffsets: () => log.admin.startOffsets(words),
  offsetsForTimes: () => log.admin.offsetsForTimes(words, 1),
  lag: () => log.admin.lag('members'),
  logSizes: () => log.admin.logSizes(),
  stats: () => log.admin.stats(),
  verify: () => log.admin.verify(),
  groups: () => log.admin.groups(),
  describeGroup: () => log.admin.describeGroup('members'),
  applications: () => log.admin.applications(),
  describeApplication: () => log.admin.describeApplication('app'),
  describeApplications: async () => {
    for await (const _ of log.admin.describeApplications());
  },
  backup: () => log.admin.backup(copy),
  createTopic: () => log.admin.createTopic({ name: 'new' }),
  alterTopic: () => log.admin.alterTopic(words, { retentionMs: 1e12 }),
  addPartitions: () => log.admin.addPartitions(old, 2),
  deleteRecords: () => log.admin.deleteRecords(emptied, [{ partition: 0, beforeOffset: 1 }]),
  runMaintenance: () => log.admin.runMaintenance(),
  resetOffsets: () => log.admin.resetOffsets('readers', { topics: [words], to: 'earliest' }),
  deleteGroup: () => log.admin.deleteGroup('readers'),
  deadLetters: () => log.admin.deadLetters('app').redrive({}),
  resetApplication: () => log.admin.resetApplication('app', { to: 'beginning' }),
  // There is no such operator, and no other version: they say so at once.
  dropOperators: () => log.admin.dropOperators('app', ['none']),
  switchVersion: () => log.admin.switchVersion('app', 'other', { outputs: 'replace' }),
  switchBack: () => log.admin.switchBack('app'),
  pauseVersion: () => log.admin.pauseVersion('app', 'other'),
  resumeVersion: () => log.admin.resumeVersion('app', 'other'),
  deleteVersion: () => log.admin.deleteVersion('app', 'other'),
  deleteApplication: () => log.admin.deleteApplication('app'),
  deleteTopic: () => log.admin.deleteTopic(old),
}
const acts = {
  ...admin,
  send: () => log.producer().send(words, record),
  firstSend: () => log.producer().send(topic('first', { key: string(), value: int64() }), record),
  claim: () => log.producer({ transactionalId: 'importer' }).ready(),
  transaction: () =>
    log
      .producer({ transactionalId: 'other-importer' })
      .transaction((tx) => tx.send(topic('second', { key: string(), value: int64() }), record)),
  join: () => join(words),
  firstRead: () => join(topic('second', { key: string(), value: int64() })),
  open: async () => (await openLog(dir, { maintenance: false })).close(),
  close: () => leaving.close(),
}

console.log('ready')
await once(process.stdin, 'data')
leaving
  .producer({ acks: 1 })
  .send(words, record)
  .catch(() => undefined)
const waiting = new Set<string>()
const ended: Promise<string>[] = []
for (const [name, act] of Object.entries(acts)) {
  waiting.add(name)
  ended.push(
    act()
      .then(
        () => `${name} done`,
        (error: Error & { readonly code?: string }) => `${name} ${error.code ?? error.message}`,
      )
      .finally(() => waiting.delete(name)),
  )
}
// Everything that need not wait is over then; what writes cannot be.
while (waiting.has('backup') || waiting.has('verify')) await setTimeout(1)
for (let round = 0; round < 50; round++) await setTimeout(1)
console.log(`waiting ${[...waiting].join(' ')}`)
for (const end of await Promise.all(ended)) console.log(end)
await log.close()
process.exit(0)
