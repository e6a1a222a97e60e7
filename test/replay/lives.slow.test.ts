// The same as in lives.test.ts, many times.
import { test } from 'vitest'
import { checkLives } from './lives.ts'

test('many pairs of versions that live one after the other and back', () => {
  // LIVES_RUNS and LIVES_SEED draw more episodes, and others.
  const { LIVES_RUNS = 30, LIVES_SEED = 1 } = process.env
  return checkLives(Number(LIVES_SEED), Number(LIVES_RUNS))
})
