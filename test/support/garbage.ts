// The garbage collector, when a test asks for it.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
export const collectGarbage = runInNewContext('gc') as () => void

/** A WeakRef holds its object until the job is over, and V8 may hold one or two more in a register for a while. */
export async function collectAllGarbage(): Promise<void> {
  for (let round = 0; round < 5; round++) {
    await new Promise(setImmediate)
    collectGarbage()
  }
}
