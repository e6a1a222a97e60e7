// The suite catches a wrong implementation: each of these lies in one way, and the promise that it breaks says so.
import type { Log, LogRecord, Transaction } from 'millrace'
import { expect, test } from 'vitest'
import { contract } from './contract.ts'
import { embedded } from './embedded.ts'
import { hold } from './implementation.ts'

type Method = (...given: readonly unknown[]) => unknown
/** What methods do instead; each has the own one to call. */
type Changes = Readonly<Record<string, (own: Method, ...given: readonly unknown[]) => unknown>>

/** The object with some methods changed; what is not changed works as it did. */
function altered<T extends object>(object: T, changes: Changes): T {
  return new Proxy(object, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return name === 'admin' ? altered(value as object, changes) : value
      const own = value.bind(target) as Method
      const change = changes[String(name)]
      return change === undefined ? own : (...given: unknown[]) => change(own, ...given)
    },
  })
}

/** A log whose administration, producers and consumers are changed. */
const lying =
  (changes: Changes) =>
  (log: Log): Log =>
    altered(log, {
      producer: (own, options) => altered(own(options) as object, changes),
      consumer: (own, options) => altered(own(options) as object, changes),
      ...changes,
    })

async function* without(lost: number, records: AsyncIterable<LogRecord<unknown, unknown>>): AsyncGenerator {
  for await (const record of records) if (record.offset !== lost) yield record
}

let names = 0
/** The options with a name of its own, which nobody shares. */
const alone = (option: string, options: unknown): object => ({ ...(options as object), [option]: `alone-${names++}` })

const faults: Readonly<Record<string, readonly [promise: string, lie: (log: Log) => Log, says: string]>> = {
  'a read passes over a record': [
    'reading: a read begins at any offset, the beginning or the end, also inside of a batch',
    lying({ read: (own, ...given) => without(3, own(...given) as AsyncIterable<LogRecord<unknown, unknown>>) }),
    "expected [ '0', '1', '2', '4',",
  ],
  'a record is written twice': [
    'idempotence: what several producers send at once is stored once each, in the order of each',
    lying({ send: (own, ...given) => [own(...given), own(...given)][1] }),
    'a length of 600 but got 1200',
  ],
  'a batch is turned round': [
    'producing: sendMany says where its records are: side by side in each partition, in their order',
    lying({ sendMany: (own, topic, records) => own(topic, (records as unknown[]).toReversed()) }),
    'to deeply equal [ 3, 9, 13,',
  ],
  'a send resolves before it is written': [
    'producing: with acks all a send resolves with its offset, and every client can read it then',
    lying({
      send: (own, ...given) => (void own(...given), Promise.resolve({ topic: 'lines', partition: 0, offset: 0 })),
    }),
    "expected [] to deeply equal [ '0' ]",
  ],
  'a time is looked for a moment later': [
    'time: offsetsForTimes tells the first record that is not older, for each partition, and null where there is none',
    lying({ offsetsForTimes: (own, topic, time) => own(topic, Number(time) + 1) }),
    'to deeply equal [ { offset: +0, timestamp: 10 } ]',
  ],
  'a commit is lost': [
    'consumers: commit of a record says that it is done, with a note, for every client to see',
    lying({ commit: () => Promise.resolve() }),
    'expected undefined to match object { offset: 3,',
  ],
  'a seek is ignored': [
    'consumers: a consumer goes to an offset, the beginning, the end and a time',
    lying({ seek: () => undefined }),
    "expected '0' to be '3'",
  ],
  'what a transaction sends is written at once': [
    'transactions: nothing of a transaction is seen before its commit, and nothing ever when it is aborted',
    (log) => {
      const plain = log.producer()
      const sendMany = plain.sendMany.bind(plain) as Method
      const leaking = (tx: Transaction): Transaction =>
        altered(tx, { sendMany: (_, ...given) => void sendMany(...given) })
      return lying({ transaction: (own, work) => own((tx: Transaction) => (work as Method)(leaking(tx))) })(log)
    },
    "but got 'expected [ Array(501) ] to",
  ],
  'nobody is fenced': [
    'transactions: a producer is fenced by the next one of its id, also in the middle of a transaction',
    lying({ producer: (own, options) => own(alone('transactionalId', options)) }),
    'nothing was rejected',
  ],
  'a partition has two owners': [
    'groups: the members of a group share the partitions, and each record is read by one of them',
    lying({ consumer: (own, options) => own(alone('group', options)) }),
    'expected [ 4, 4 ] to deeply equal [ 2, 2 ]',
  ],
}

function tryOn(promise: string, lie: (log: Log) => Log): Promise<void> {
  const start: typeof embedded.start = async () => {
    const cluster = await embedded.start()
    return Object.assign({}, cluster, { connect: async () => lie(await cluster.connect()) })
  }
  return hold(contract, promise, { name: 'faulty', start, patienceMs: 20_000 })
}

test.each(Object.entries(faults))('%s', async (_, [promise, lie, says]) => {
  await expect(tryOn(promise, lie)).rejects.toThrow(says)
})

test('what is wrapped and tells no lie keeps its promises', async () => {
  for (const [promise] of Object.values(faults)) await tryOn(promise, lying({}))
})
