// Whatever topologies, input, kills and switches: outputs and stores are in the end what the model says, nobody sees a mix on the
// way, and a group that follows gets what the mode of the switch promises.
import { test } from 'vitest'
import { checkLives } from './lives.ts'

test('a few pairs of versions that live one after the other and back', () => checkLives(2, 6))
