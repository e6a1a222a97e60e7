/**
 * Keys as they are pressed, one by one and not shown: a terminal gives lines otherwise, and takes Ctrl-C for itself.
 */
import type { HostInput } from '../host.ts'

export const ctrlC = '\u0003'

/** Until it is disposed of. */
export function listenToKeys(terminal: HostInput, act: (key: string) => void): Disposable {
  const read = (data: Buffer | string): void => {
    for (const key of data.toString()) act(key)
  }
  terminal.setRawMode?.(true)
  terminal.on('data', read)
  terminal.resume()
  return {
    [Symbol.dispose]: () => {
      terminal.off('data', read)
      terminal.pause()
      terminal.setRawMode?.(false)
    },
  }
}
