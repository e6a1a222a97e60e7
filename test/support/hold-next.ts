// Makes what is asked for in turn next wait, as if another process committed.
import { onTestFinished, vi } from 'vitest'
import type { Environment } from '../../src/storage/environment.ts'

/** What comes after it goes ahead. It goes on when the returned function is called, at the end of the test at the latest. */
export function holdNext(environment: Environment): () => void {
  let goOn = (): void => undefined
  const gate = new Promise<void>((resolve) => {
    goOn = resolve
  })
  vi.spyOn(environment, 'inTurn').mockImplementationOnce(async (step) => {
    await gate
    return environment.inTurn(step)
  })
  onTestFinished(() => goOn())
  return () => goOn()
}
