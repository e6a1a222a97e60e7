// What is visible from outside of producer ids and sequence numbers: nothing is stored twice, nothing is missing.
import { days } from 'millrace'
import { expect } from 'vitest'
import { collect } from '../../support/collect.ts'
import { lines, words } from '../../support/topics.ts'
import type { Promises } from './implementation.ts'
import { numbers, texts, valuesOf } from './helpers.ts'

export const idempotence: Promises = {
  'what several producers send at once is stored once each, in the order of each': async ({ log, connect }) => {
    const clients = [log, log, await connect(), await connect()]
    await Promise.all(
      clients.map(async (client, writer) => {
        const producer = client.producer({ batchBytes: 200, idempotent: writer !== 1 })
        const records = texts(150).map(({ value }) => ({ key: `writer ${writer}`, value }))
        for (let i = 0; i < records.length; i += 10) {
          await Promise.all(records.slice(i, i + 10).map((record) => producer.send(words, record)))
        }
      }),
    )
    const read = await collect(log.read(words))
    expect(read).toHaveLength(600)
    for (const writer of clients.keys()) {
      const own = read.filter(({ key }) => key === `writer ${writer}`)
      expect(own.map(({ value }) => value)).toEqual(numbers(0, 149))
    }
  },

  'a producer that was silent for so long that it was forgotten goes on': async ({ log, clock }) => {
    const producer = log.producer()
    await producer.sendMany(lines, texts(2))
    clock.advance(days(8))
    await log.admin.runMaintenance()
    await log.admin.alterTopic(lines, { retentionMs: -1 })
    const { offset } = await producer.send(lines, { key: 'a', value: 'later' })
    expect(offset).toBe(2)
    expect(await valuesOf(log.read(lines, { from: 2 }))).toEqual(['later'])
  },
}
