/**
 * Someone who sends a record now and then, to see how long something else in the log makes them wait.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log, Producer } from 'millrace'

const sendEveryMs = 5

export interface BesideWriter {
  readonly sent: number
  /** The longest that a record took until it was durable. */
  readonly worstMs: number
}

/**
 * Does the work while records are sent.
 *
 * @param send sends the record of this number
 */
export async function besideWriter<T>(
  log: Log,
  send: (producer: Producer, number: number) => Promise<unknown>,
  work: () => Promise<T>,
): Promise<BesideWriter & { readonly result: T }> {
  const producer = log.producer()
  await send(producer, 0)
  const state = { isOver: false, sent: 0, worstMs: 0 }
  const writing = (async () => {
    while (!state.isOver) {
      const startMs = performance.now()
      await send(producer, ++state.sent)
      state.worstMs = Math.max(state.worstMs, performance.now() - startMs)
      await sleep(sendEveryMs)
    }
  })()
  try {
    const result = await work()
    return { result, sent: state.sent, worstMs: state.worstMs }
  } finally {
    state.isOver = true
    await writing
  }
}
