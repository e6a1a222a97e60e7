// What a record holds cannot clear the terminal of whoever reads a message, nor begin a line of a log file.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { json, string, topic } from 'millrace'
import { shownBytes } from '../../src/core/shown.ts'
import { collectUntilError } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'

// oxlint-disable-next-line no-control-regex -- they are what is looked for
const controls = /[\u0000-\u001F\u007F-\u009F\u2028\u2029\u202A-\u202E\u2066-\u2069]/

const nasty = 'a\u001B[2J\u0085\u009B31m\r\n\u2028\u202Eb'

test('bytes in a message hold no control character', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(shownBytes(bytes)).not.toMatch(controls)
    }),
  )
})

test('the error of a record that does not decode shows its bytes escaped, and keeps the cause as it was', async () => {
  const { log } = openTestLog()
  await log.producer().send(topic('raw', { key: string(), value: string() }), { key: 'a', value: `${nasty}\u009B` })
  const { error } = await collectUntilError(log.read(topic('raw', { key: string(), value: json() })))
  expect(error).toMatchObject({ code: 'undecodable', cause: expect.any(Error) })
  const message = error instanceof Error ? error.message : ''
  expect(message).toContain(String.raw`\u009b`)
  expect(message).not.toMatch(controls)
})
