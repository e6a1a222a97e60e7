// Where an application rests: what ends it, and what is worked on together.
import { ManualClock } from 'millrace'
import { expect, test } from 'vitest'
import type { LeftFigures } from '../../src/runtime/left-figures.ts'
import { Rest } from '../../src/runtime/rest.ts'
import { turns } from '../support/applications.ts'

const noFigures: Pick<LeftFigures, 'whenDue'> = { whenDue: () => undefined }

async function isOver(resting: Promise<void>): Promise<boolean> {
  let over = false
  void resting.then(() => (over = true))
  await turns(2)
  return over
}

test.each(['notify', 'answered'] as const)('it ends with %s, also of what came before it began', async (how) => {
  const rest = new Rest(new ManualClock(), noFigures)
  const resting = rest.for(Infinity)
  expect(await isOver(resting)).toBe(false)
  rest[how]()
  expect(await isOver(resting)).toBe(true)
  expect(await isOver(rest.for(Infinity))).toBe(true)
  rest.hasNews = rest.hasAnswers = false
  expect(await isOver(rest.for(Infinity))).toBe(false)
})

test('it ends when its time has passed', async () => {
  const clock = new ManualClock()
  const resting = new Rest(clock, noFigures).for(50)
  clock.advance(49)
  expect(await isOver(resting)).toBe(false)
  clock.advance(1)
  expect(await isOver(resting)).toBe(true)
})

test('answers that come in one tick end it together', async () => {
  const rest = new Rest(new ManualClock(), noFigures)
  let answers = 0
  for (let i = 0; i < 5; i++) {
    setImmediate(() => {
      answers++
      rest.answered()
    })
  }
  await rest.for(Infinity)
  expect(answers).toBe(5)
})
