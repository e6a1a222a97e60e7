// What holds for the errors of every call; which call fails with what is told with the nouns.
import { MillraceError } from 'millrace'
import { expect } from 'vitest'
import { collect } from '../../support/collect.ts'
import { lines } from '../../support/topics.ts'
import type { Promises } from './implementation.ts'
import { expectRefused, refusal, texts, valuesOf } from './helpers.ts'

export const errors: Promises = {
  'a client that is closed refuses everything, and closes again in peace': async ({ log, connect }) => {
    const client = await connect()
    const producer = client.producer()
    const sent = producer.sendMany(lines, texts(3))
    const consumer = client.consumer({ group: 'g', topics: [lines] })
    await client.close()
    expect(await sent).toMatchObject({ count: 3 })
    await expectRefused('closed', [
      () => producer.sendMany(lines, texts(1)),
      () => client.producer().sendMany(lines, texts(1)),
      () => client.admin.listTopics(),
      () => collect(client.read(lines)),
      () => consumer.commit([{ topic: 'lines', partition: 0, offset: 1 }]),
    ])
    await client.close()
    expect(await valuesOf(log.read(lines))).toEqual(['0', '1', '2'])
  },

  'an error has a code and a message, and tells topic, partition and offset as far as they are known': async ({
    log,
  }) => {
    await log.producer().sendMany(lines, texts(3))
    const error = await refusal(() => collect(log.read(lines, { from: 9 })))
    expect(error).toBeInstanceOf(MillraceError)
    const { name, code, topic, partition, offset } = error
    expect({ name, code, topic, partition, offset }).toEqual({
      name: 'MillraceError',
      code: 'position_lost',
      topic: 'lines',
      partition: 0,
      offset: 9,
    })
    expect(error.message).toContain('lines')
  },
}
