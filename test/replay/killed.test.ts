// A replay in a process of its own that is killed in the middle, again and again, beside a live version that goes on.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { counted, counting, wordCounts } from '../support/counted-words.ts'
import { openDurableLog } from '../support/open.ts'
import { startProgram } from '../support/program.ts'
import { beside, startReplay } from '../support/replays.ts'
import { bytesOf } from '../support/topic-bytes.ts'
import { words } from '../support/topics.ts'

const records = (count: number, from: number): { key: string; value: string; timestamp: number }[] =>
  Array.from({ length: count }, (_, i) => ({ key: `word ${(from + i) % 97}`, value: 'x', timestamp: from + i }))

test('it goes on where it was, and ends with the bytes and the rows of the live version', async () => {
  const kills = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 3, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(kills, async (lines) => {
      const { log, embedded, dir } = openDurableLog()
      await log.producer().sendMany(words, records(1_500, 0))
      const app = await start(log, counting)
      await app.caughtUp()
      let before = 0
      for (const [round, count] of lines.entries()) {
        const program = startProgram('replay-words', [dir])
        expect(await program.line()).toBe('begun')
        const first = Number(await program.line())
        expect(first).toBeGreaterThanOrEqual(before)
        let done = first
        for (let i = 1; i < count && done < 1_500; i++) done = Number(await program.line())
        program.kill()
        await program.exited
        await log.producer().sendMany(words, records(100, 1_500 + 100 * round))
        embedded.refresh()
        before = embedded.positions.list('app@v2').reduce((total, { offset }) => total + offset, 0)
      }
      await app.caughtUp()
      const program = startProgram('replay-words', [dir])
      expect(await program.line()).toBe('begun')
      program.say('end')
      expect((await program.restOfLines()).at(-1)).toBe('closed')
      expect((await program.exited).code).toBe(0)
      expect(bytesOf(embedded, beside('counted'))).toEqual(bytesOf(embedded, counted.name))
      const v2 = await startReplay(log, counting)
      expect([...v2.store(wordCounts).range()]).toEqual([...app.store(wordCounts).range()])
      expect(v2.progress()).toMatchObject({ state: 'following', done: 1_800, total: 1_800 })
      await v2.close()
      await app.close()
    }),
    { numRuns: 2 },
  )
})
