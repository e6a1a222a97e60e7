// A dashboard that is asked as a browser asks, and as an attacker does: with any header, over a real connection.
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { ApplicationDescription, Log } from 'millrace'
import { dashboard, type Dashboard, type DashboardOptions } from 'millrace/dashboard'
import { onTestFinished } from 'vitest'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** What `log.admin.describeApplications` would be, if these were all applications. */
export function describing(...found: readonly ApplicationDescription[]): Log['admin']['describeApplications'] {
  return async function* () {
    yield* found
  }
}

/** Open until the running test is over. */
export async function openDashboard(log: Log, options: DashboardOptions = {}): Promise<Dashboard> {
  const opened = await dashboard(log, { port: 0, ...options })
  onTestFinished(() => opened.close())
  return opened
}

/** Asks, whatever the headers: `fetch` would not let a `Host` pass. */
export function ask(
  { port }: Dashboard,
  path: string,
  headers: OutgoingHttpHeaders = {},
  method: string = 'GET',
  body: string | Buffer = '',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => (text += part))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    asking.on('error', reject)
    asking.end(body)
  })
}

/** Comes when a connection is closed, whether it was ended or cut off: `once` of Node would reject for one that was cut off. */
export function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve())
  })
}

/** Sends bytes as they are, which no client of HTTP would send; returns what comes back until the connection ends. */
export async function askRaw({ port }: Dashboard, sent: string | Uint8Array): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.setEncoding('latin1')
  socket.on('error', () => undefined) // cut off, as some of these are: what came before says enough
  let text = ''
  socket.on('data', (part: string) => (text += part))
  socket.write(sent)
  await closeOf(socket)
  return text
}

/** What the API answers with; the type is what the caller knows of the address. */
export async function get<T>(opened: Dashboard, path: string): Promise<T> {
  const { status, text } = await ask(opened, path)
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`)
  return JSON.parse(text) as T
}

export const token = 'a-token-of-24-characters'

/** What a program sends with a change. */
export const changing: OutgoingHttpHeaders = {
  authorization: `Bearer ${token}`,
  'content-type': 'application/json',
}

/** Asks for a change as a program does, with a token. */
export async function change<T>(
  opened: Dashboard,
  path: string,
  body: object,
): Promise<{ readonly status: number; readonly body: T }> {
  const { status, text } = await ask(opened, path, changing, 'POST', JSON.stringify(body))
  return { status, body: JSON.parse(text) as T }
}

/** An event as it came. */
export interface SentEvent<T> {
  readonly event: string
  readonly data: T
}

/** The events of an address, until the loop is left. */
export async function* events<T>({ port }: Dashboard, path: string): AsyncGenerator<SentEvent<T>, void, undefined> {
  const stop = new AbortController()
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: stop.signal })
  if (response.body === null) throw new Error('no events')
  let rest = ''
  try {
    for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
      const blocks = `${rest}${part}`.split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? []
        if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) as T }
      }
    }
  } finally {
    stop.abort()
  }
}
