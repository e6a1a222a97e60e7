// What happens beside a switch, between its transactions.
import { onTestFinished, vi } from 'vitest'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'

/** Calls back before and after the transactions of a switch; each call is told the how many-th it is, from 0. */
export function aroundTransactions(
  { environment }: EmbeddedLog,
  around: { before?: (index: number) => unknown; after?: (index: number) => unknown },
): void {
  const inTurn = environment.inTurn.bind(environment)
  let count = 0
  const spy = vi.spyOn(environment, 'inTurn').mockImplementation(async (work) => {
    // Of the switch alone: the applications commit otherwise.
    if (new Error().stack?.includes('version-switch') !== true) return inTurn(work)
    const index = count++
    await around.before?.(index)
    const done = await inTurn(work)
    await around.after?.(index)
    return done
  })
  onTestFinished(() => spy.mockRestore())
}
