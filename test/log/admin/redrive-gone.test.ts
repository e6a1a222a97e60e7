// Letters of a list that retention deletes before they are sent keep no other back: each that is there is sent once, and the
// report names those that are gone.
import * as fc from 'fast-check'
import type { LetterPlace, Log } from 'millrace'
import { expect, test, vi } from 'vitest'
import { collect } from '../../support/collect.ts'
import { withManyLetters } from '../../support/dead-letters.ts'
import { openTestLog } from '../../support/open.ts'
import { rejectionOf } from '../../support/thrown.ts'

const hidden = 'numbers@@app'

/** What was sent again; `bad 7` is the record of letter 7. */
async function sentIn(log: Log): Promise<string[]> {
  const topics = await log.admin.listTopics({ hidden: true })
  if (!topics.some(({ name }) => name === hidden)) return []
  const [sent = 0] = await log.admin.endOffsets(hidden)
  await using consumer = log.consumer({ topics: [hidden], reset: 'earliest' })
  return (await collect(consumer, sent)).map(({ value }) => Buffer.from(value ?? []).toString())
}

const placeOf = (offset: number): LetterPlace => ({ partition: 0, offset })

/** As retention does. */
async function deleteBefore({ admin }: Log, offset: number): Promise<void> {
  await admin.deleteRecords('app.dead-letters', [{ partition: 0, beforeOffset: offset }])
}

test('whatever was deleted of a list, in any order, named twice or edited', async () => {
  const letters = 30
  const named = fc.record({ offset: fc.nat(letters - 1), isEdited: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(named, { minLength: 1, maxLength: 40 }), fc.nat(letters), async (list, cut) => {
      const { log } = openTestLog()
      await withManyLetters(log, letters)
      const dead = log.admin.deadLetters('app')
      const all = await collect(dead.list())
      const wanted = list.map(({ offset, isEdited }) => {
        const letter = all[offset]
        if (letter === undefined || !isEdited) return placeOf(offset)
        return dead.edit(letter, { value: Buffer.from(`edited ${offset}`) })
      })
      await deleteBefore(log, cut)
      const planned = await dead.redrive(wanted, { dryRun: true, samples: 0 })
      const report = await dead.redrive(wanted, { samples: 0 })
      expect({ ...planned, dryRun: false }).toEqual(report)
      const gone = list.filter(({ offset }) => offset < cut).map(({ offset }) => placeOf(offset))
      const first = new Map(
        list
          .toReversed()
          .filter(({ offset }) => offset >= cut)
          .map((one) => [one.offset, one]),
      )
      expect(report).toMatchObject({ gone, sent: first.size, alreadySent: list.length - gone.length - first.size })
      const texts = [...first.values()].map(({ offset, isEdited }) => `${isEdited ? 'edited' : 'bad'} ${offset}`)
      expect((await sentIn(log)).toSorted()).toEqual(texts.toSorted())
    }),
    { numRuns: 15 },
  )
})

test('also where retention deletes between two commits of one call', async () => {
  const { log, environment } = openTestLog()
  await withManyLetters(log, 700)
  const dead = log.admin.deadLetters('app')
  const all = await collect(dead.list())
  const inTurn = environment.inTurn.bind(environment)
  let commits = 0
  let isRetention = false
  const spy = vi.spyOn(environment, 'inTurn').mockImplementation(async (work) => {
    const done = await inTurn(work)
    if (isRetention) return done
    commits++
    isRetention = true
    await deleteBefore(log, 550)
    isRetention = false
    return done
  })
  const gone = Array.from({ length: 50 }, (_, at) => placeOf(500 + at))
  expect(await dead.redrive(all)).toMatchObject({ sent: 650, alreadySent: 0, gone })
  expect(commits).toBe(2)
  spy.mockRestore()
  expect(await dead.redrive(all)).toMatchObject({ sent: 0, alreadySent: 150, gone: { length: 550 } })
  const offsets = [...Array.from({ length: 500 }, (_, at) => at), ...Array.from({ length: 150 }, (_, at) => 550 + at)]
  expect(await sentIn(log)).toEqual(offsets.map((offset) => `bad ${offset}`))
})

test('of which one never was are not sent, and that one is named', async () => {
  const { log } = openTestLog()
  await withManyLetters(log, 3)
  await deleteBefore(log, 1)
  const dead = log.admin.deadLetters('app')
  for (const never of [placeOf(3), { partition: 1, offset: 0 }]) {
    const refused = await rejectionOf(dead.redrive([placeOf(0), placeOf(1), never]))
    expect(refused).toMatchObject({ code: 'letter_unknown', ...never })
  }
  expect(await sentIn(log)).toEqual([])
})
