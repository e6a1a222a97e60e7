// A run is deterministic, in many cases. DETERMINISM_SEED and DETERMINISM_RUNS give other cases and more of them.
import { test } from 'vitest'
import { checkDeterminism } from './determinism.ts'

const seed = Number(process.env['DETERMINISM_SEED'] ?? 1)
const runs = Number(process.env['DETERMINISM_RUNS'] ?? 90)

test('batching, commits, memory, restarts and fencing change nothing in any output', async () => {
  console.log(`DETERMINISM_SEED=${seed} DETERMINISM_RUNS=${runs}`)
  await checkDeterminism(seed, runs)
})
