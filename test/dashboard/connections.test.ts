// How long and how many: who asks slowly, takes nothing or says nothing is let go, and costs no one else an answer.
import { once } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import { type AddressInfo, connect, Server, type Socket } from 'node:net'
import { promisify } from 'node:util'
import { expect, onTestFinished, test, vi } from 'vitest'
import { boundedServer, type ConnectionLimits } from '../../src/dashboard/connections.ts'
import { until } from '../support/applications.ts'
import { ask, closeOf, openDashboard } from '../support/dashboards.ts'
import { openTestLog } from '../support/open.ts'

/** Nothing that these tests wait for comes by itself. */
const never = 3_600_000
const unlimited: ConnectionLimits = { connectionsMax: 1_000, headersMs: never, requestMs: never, idleMs: never }

async function serve(limits: Partial<ConnectionLimits>, answer: string = 'here'): Promise<HttpServer> {
  const server = boundedServer((_, response) => response.end(answer), { ...unlimited, ...limits })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return server
}

/** Whether one who asks gets an answer: on a busy machine it may be let go as well, for what it has sent is read too late. */
async function isAnswered(server: HttpServer): Promise<boolean> {
  const { socket, closed } = open(server)
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  return new Promise((resolve) => {
    socket.once('data', (part) => resolve(String(part).includes('200 OK')))
    void closed.then(() => resolve(false))
  })
}

/** A connection that counts what it got, as far as it reads. */
function open(server: HttpServer): { readonly socket: Socket; readonly closed: Promise<unknown> } {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => undefined) // a connection that is cut off says so here too
  onTestFinished(() => {
    socket.destroy()
  })
  return { socket, closed: closeOf(socket) }
}

test.each([
  ['says nothing', ''],
  ['never ends its headers', 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: '],
])('a connection that %s is closed', async (_, sent) => {
  const server = await serve({ headersMs: 40 })
  const { socket, closed } = open(server)
  socket.write(sent)
  socket.resume()
  await closed
})

test('a request that never ends its body is closed', async () => {
  const server = await serve({ headersMs: 40, requestMs: 80 })
  const { socket, closed } = open(server)
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nx')
  socket.resume()
  await closed
})

test('one who takes nothing of an answer is let go', async () => {
  const server = await serve({ idleMs: 100 }, 'x'.repeat(32 * 1_024 * 1_024))
  const { socket } = open(server)
  const [taken] = (await Promise.all([once(server, 'connection'), once(socket, 'connect')]))[0] as [Socket]
  const closed = closeOf(taken)
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await closed
})

/** Does something again and again, as one does who wants to keep its place for as long as it may. */
function everyNowAndThen(act: () => unknown): void {
  const timer = setInterval(act, 10)
  onTestFinished(() => clearInterval(timer))
}

test.each([
  ['headers', 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ', { headersMs: 200 }],
  ['body', 'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n', { requestMs: 200, headersMs: 100 }],
])('one who sends its %s a byte at a time is let go, though something moves all the time', async (_, sent, limits) => {
  const server = await serve(limits)
  const { socket, closed } = open(server)
  let bytes = 0
  socket.write(sent)
  socket.resume()
  everyNowAndThen(() => socket.writable && socket.write('x') && bytes++)
  await until(() => bytes > 1)
  await until(() => isAnswered(server))
  await closed
})

test('one who takes an answer a byte at a time is let go', async () => {
  const server = await serve({ idleMs: 100 }, 'x'.repeat(32 * 1_024 * 1_024))
  const { socket } = open(server)
  const [taken] = (await Promise.all([once(server, 'connection'), once(socket, 'connect')]))[0] as [Socket]
  const closed = closeOf(taken)
  let bytes = 0
  socket.pause()
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  everyNowAndThen(() => (bytes += (socket.read(1) as Buffer | null)?.length ?? 0))
  await closed
  expect(bytes).toBeLessThan(10_000)
})

test('connections above the bound are closed, and those below it go on', async () => {
  const server = await serve({ connectionsMax: 2 })
  const first = open(server)
  await once(first.socket, 'connect')
  const second = open(server)
  await once(second.socket, 'connect')
  const count = promisify(server.getConnections.bind(server))
  await until(async () => (await count()) === 2)
  const third = open(server)
  await third.closed
  first.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  expect(String((await once(first.socket, 'data'))[0])).toContain('200 OK')
})

test('the dashboard answers while very many connections are half open', async () => {
  const { log } = openTestLog()
  const opened = await openDashboard(log)
  const silent = Array.from({ length: 200 }, () => connect(opened.port, '127.0.0.1'))
  onTestFinished(() => silent.forEach((socket) => socket.destroy()))
  await Promise.all(silent.map((socket) => once(socket, 'connect')))
  for (const socket of silent) socket.write('GET /api/overview HTTP/1.1\r\nHost: loc')
  expect((await ask(opened, '/api/overview')).status).toBe(200)
})

test('a hundred thousand requests that are sent at once, and whose answers are not read, are held back', async () => {
  const { log } = openTestLog()
  for (let at = 0; at < 50; at++) await log.admin.createTopic({ name: `topic-${at}` })
  const listening = vi.spyOn(Server.prototype, 'listen')
  const opened = await openDashboard(log)
  const [server] = listening.mock.contexts as HttpServer[]
  listening.mockRestore()
  let heard = 0
  server?.on('request', () => heard++)
  const socket = connect(opened.port, '127.0.0.1')
  socket.on('error', () => undefined) // it may be cut off
  let isCutOff = false
  socket.on('close', () => (isCutOff = true))
  onTestFinished(() => {
    socket.destroy()
  })
  await once(socket, 'connect')
  const requests = 100_000
  socket.write('GET /api/overview HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(requests))
  // Others are answered meanwhile, each as if there were no one else.
  for (let at = 0; at < 50; at++) expect((await ask(opened, '/api/overview')).status).toBe(200)
  const held = heard - 50
  // The system takes some of the answers before anyone reads them.
  expect(held).toBeLessThan(requests / 2)
  // It goes on as it reads, unless the machine was so busy that it was held back for longer than a request may take.
  socket.resume()
  await until(() => heard - 50 > held || isCutOff)
})
