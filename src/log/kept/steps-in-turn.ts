/**
 * Work that is too long for one turn: others commit, and the event loop goes on, between its steps.
 */
import { yieldToEventLoop } from '../../core/clock.ts'
import type { Environment } from '../../storage/environment.ts'

/** Takes every step, each in a turn of its own. */
export async function stepsInTurn(environment: Pick<Environment, 'inTurn'>, steps: Iterator<unknown>): Promise<void> {
  while ((await environment.inTurn(() => steps.next())).done !== true) await yieldToEventLoop()
}
