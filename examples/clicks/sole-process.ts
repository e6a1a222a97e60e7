/**
 * One process at a time works in a directory: two would import the same lines twice. Whoever comes second waits.
 *
 * The holder listens on a local socket, which the system takes back at once when the process is killed.
 */
import { createHash } from 'node:crypto'
import { existsSync, realpathSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const pollMs = 100

/**
 * Waits until no other process works in `dir`; disposing the result lets the next one in.
 *
 * @param options `onWait` is called once, with the id of the process that is waited for
 */
export async function becomeSoleProcess(
  dir: string,
  options: { readonly signal: AbortSignal; readonly onWait: (processId: string) => void },
): Promise<AsyncDisposable> {
  const address = addressOf(dir)
  for (let waiting = false; ;) {
    const server = await listen(address)
    if (server !== undefined) return { [Symbol.asyncDispose]: promisify(server.close.bind(server)) }
    const holder = await holderAt(address)
    if (holder === undefined) {
      if (existsSync(address)) rmSync(address) // left behind by a process that was killed
      continue
    }
    if (!waiting) options.onWait(holder)
    waiting = true
    await sleep(pollMs, undefined, { signal: options.signal })
  }
}

/** An address that belongs to the directory and vanishes with its process; elsewhere than on Linux and Windows, a file. */
function addressOf(dir: string): string {
  const name = `millrace-clicks-${createHash('sha256').update(realpathSync(dir)).digest('hex').slice(0, 16)}`
  if (process.platform === 'linux') return `\0${name}`
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`
  return join(tmpdir(), name)
}

/** Undefined when somebody holds the address. */
function listen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.on('error', () => undefined).end(String(process.pid)))
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    server.listen(address, () => resolve(server))
  })
}

/** What the holder says; undefined when nobody answers. */
function holderAt(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let said = ''
    const socket = connect(address)
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => (said += text))
    socket.on('end', () => resolve(said))
    socket.on('error', () => resolve(undefined))
  })
}
