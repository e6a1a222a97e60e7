// A run is deterministic, in a few cases; determinism.long.test.ts draws more of them.
import { test } from 'vitest'
import { checkDeterminism } from './determinism.ts'

test('batching, commits, memory, restarts and fencing change nothing in any output', () => checkDeterminism(1, 12))
