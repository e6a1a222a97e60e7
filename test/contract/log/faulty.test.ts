// The suite catches a wrong implementation: each of these lies in one way, and the promise that it breaks says so.
import type { Log } from 'millrace'
import { expect, test } from 'vitest'
import { contract } from './contract.ts'
import { embedded } from './embedded.ts'
import { keep } from './implementation.ts'

type Method = (...given: readonly unknown[]) => unknown
/** New methods of an object, made of its own ones. */
type Changes = Readonly<Record<string, (own: Method) => Method>>

/** The object with some methods changed; what is not changed works as it did. */
function altered<T extends object>(object: T, changes: Changes): T {
  return new Proxy(object, {
    get(target, name) {
      const own: unknown = Reflect.get(target, name, target)
      if (typeof own !== 'function') return own
      const method = own.bind(target) as Method
      return changes[String(name)]?.(method) ?? method
    },
  })
}

/** Changes what a method returns. */
const returning =
  (changes: Changes) =>
  (own: Method): Method =>
  (...given) =>
    altered(own(...given) as object, changes)

const nothing = (): Method => () => undefined
const later = (): Method => () => Promise.resolve()
let clients = 0

const producers = (changes: Changes) => (log: Log) => altered(log, { producer: returning(changes) })
const consumers = (changes: Changes) => (log: Log) => altered(log, { consumer: returning(changes) })
const administrations = (changes: Changes) => (log: Log) => {
  const admin = altered(log.admin, changes)
  return new Proxy(altered(log, {}), { get: (same, name) => (name === 'admin' ? admin : Reflect.get(same, name)) })
}

/** Options of a consumer or a producer with a name that nobody shares. */
const alone =
  (option: string) =>
  (own: Method): Method =>
  (options = {}) =>
    own({ ...(options as object), ...(option in (options as object) ? { [option]: `alone-${clients++}` } : {}) })

async function* withoutOffset(records: AsyncIterable<{ readonly offset: number }>, lost: number): AsyncGenerator {
  for await (const record of records) if (record.offset !== lost) yield record
}

const faults: Readonly<Record<string, readonly [promise: string, change: (log: Log) => Log]>> = {
  'a read passes over a record': [
    'reading: a read begins at any offset, the beginning or the end, also inside of a batch',
    (log) =>
      altered(log, {
        read:
          (own) =>
          (...given) =>
            withoutOffset(own(...given) as never, 3),
      }),
  ],
  'a record is written twice': [
    'idempotence: what several producers send at once is stored once each, in the order of each',
    producers({
      send:
        (own) =>
        (...given) => (void own(...given), own(...given)),
    }),
  ],
  'a batch is turned round': [
    'producing: sendMany says where its records are: side by side in each partition, in their order',
    producers({ sendMany: (own) => (topic, records) => own(topic, (records as unknown[]).toReversed()) }),
  ],
  'a send resolves before it is written': [
    'producing: with acks all a send resolves with its offset, and every client can read it then',
    (log) => {
      let offset = 0
      const early = (own: Method): Method => {
        return (...given) => (void own(...given), Promise.resolve({ topic: 'lines', partition: 0, offset: offset++ }))
      }
      return producers({ send: early })(log)
    },
  ],
  'a time is looked for a moment later': [
    'time: offsetsForTimes tells the first record that is not older, for each partition, and null where there is none',
    administrations({ offsetsForTimes: (own) => (topic, time) => own(topic, Number(time) + 1) }),
  ],
  'a commit is lost': [
    'consumers: commit of a record says that it is done, with a note, for every client to see',
    consumers({ commit: later }),
  ],
  'a seek is ignored': [
    'consumers: a consumer goes to an offset, the beginning, the end and a time',
    consumers({ seek: nothing }),
  ],
  'a pause is ignored': [
    'consumers: of a paused partition nothing is handed out until it is resumed',
    consumers({ pause: nothing }),
  ],
  'what a transaction sends is written at once': [
    'transactions: nothing of a transaction is seen before its commit, and nothing ever when it is aborted',
    (log) => {
      const plain = log.producer() as unknown as Record<string, Method>
      const leak =
        (): Method =>
        (...given) =>
          void plain['sendMany']?.(...given)
      return producers({
        transaction: (own) => (work) => own((tx: object) => (work as Method)(altered(tx, { sendMany: leak }))),
      })(log)
    },
  ],
  'positions of a transaction are left out': [
    'transactions: positions are committed with the records of a transaction',
    producers({
      transaction: (own) => (work) => own((tx: object) => (work as Method)(altered(tx, { sendOffsets: nothing }))),
    }),
  ],
  'nobody is fenced': [
    'transactions: a producer is fenced by the next one of its id, also in the middle of a transaction',
    (log) => altered(log, { producer: alone('transactionalId') }),
  ],
  'a partition has two owners': [
    'groups: the members of a group share the partitions, and each record is read by one of them',
    (log) => altered(log, { consumer: alone('group') }),
  ],
  'deleted records are still there': [
    'retention: deleteRecords moves the beginning of a partition to an offset, and never back',
    administrations({ deleteRecords: (own) => (topic) => own(topic, [{ partition: 0, beforeOffset: 0 }]) }),
  ],
}

const tryOn = (promise: string, change: (log: Log) => Log): Promise<void> => {
  const start: typeof embedded.start = () => {
    const cluster = embedded.start()
    return Object.assign({}, cluster, { connect: async () => change(await cluster.connect()) })
  }
  return keep(contract, promise, { name: 'faulty', start })
}

test.each(Object.entries(faults))('%s', async (_, [promise, change]) => {
  await expect(tryOn(promise, change)).rejects.toThrow(/^expected |^nothing was rejected/)
})

test('what is wrapped and not changed keeps its promises', async () => {
  const same = (log: Log): Log => producers({})(consumers({})(administrations({})(log)))
  for (const [promise] of Object.values(faults)) await tryOn(promise, same)
})
