// An hour of a dashboard in seconds: what it holds does not grow with what came and went, who watched, and who left.
import { once } from 'node:events'
import { connect, Socket } from 'node:net'
import { queryObjects } from 'node:v8'
import { type Log, type Producer, startStreams, string, topic } from 'millrace'
import type { Dashboard } from 'millrace/dashboard'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import { EventSink } from '../../src/dashboard/event-sink.ts'
import type { LiveEvent } from '../../src/dashboard/views.ts'
import { turns } from '../support/applications.ts'
import { ask, events, openDashboard } from '../support/dashboards.ts'
import { openTestLog } from '../support/open.ts'
import { topologyOf } from '../support/topology.ts'

/** The distance of the points of a chart: a look for each is enough to keep what there is to keep. */
const stepMs = 10_000
const stepsOfMinute = 6
/** From then on as much goes as comes: charts are of fifteen minutes, and what comes lives for a few. */
const firstMinute = 24
const lastMinute = 60
const topicsAStep = 2
const topicsMax = 50
const browsersMax = 6

/** Topics come with each step, a group each half minute, an application every four minutes; each lives for a while. */
class Visitors {
  readonly #log: Log
  readonly #producer: Producer
  readonly #topics: string[] = []
  readonly #groups: string[] = []
  readonly #applications: string[] = []

  constructor(log: Log) {
    this.#log = log
    this.#producer = log.producer()
  }

  get newestTopic(): string {
    return this.#topics.at(-1) ?? ''
  }

  async come(step: number): Promise<void> {
    const { admin } = this.#log
    const names = Array.from({ length: topicsAStep }, (_, at) => `lines-${step}-${at}`)
    for (const name of names) await admin.createTopic({ name })
    this.#topics.push(...names)
    const lines = topic(this.newestTopic, { key: string(), value: string() })
    await this.#producer.send(lines, { key: 'k', value: 'v', timestamp: step })
    if (step % 3 === 0) {
      await admin.resetOffsets(`group-${step}`, { topics: [lines], to: 'earliest' })
      this.#groups.push(`group-${step}`)
    }
    if (step % 24 === 12) {
      const applicationId = `app-${step}`
      const topology = topologyOf((builder) => builder.stream(lines).filter(() => false))
      const app = await startStreams(topology, { log: this.#log, applicationId })
      await app.caughtUp()
      await app.close()
      this.#applications.push(applicationId)
    }
    // Topics live for longer than the application and the group that read them.
    if (this.#groups.length > 4) await admin.deleteGroup(this.#groups.shift() ?? '')
    if (this.#applications.length > 1) await admin.deleteApplication(this.#applications.shift() ?? '')
    while (this.#topics.length > topicsMax) await admin.deleteTopic(this.#topics.shift() ?? '')
  }
}

/** A browser over a bare connection: one that reads, or one that takes nothing. */
async function browser({ port }: Dashboard, path: string, reads: boolean): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined) // it is let go when it takes nothing
  await once(socket, 'connect')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  if (reads) {
    await once(socket, 'data')
    socket.resume()
  } else socket.pause()
  return socket
}

interface Held {
  /** What a page that watches knows of. */
  readonly parts: number
  /** Whatever can be reached: functions and lists are objects too. */
  readonly objects: number
  readonly series: number
  readonly browsers: number
  readonly bytes: number
}

/** What is held after all that can go has gone. */
async function held(): Promise<Omit<Held, 'parts'>> {
  await turns(10) // in which connections end
  const countOf = (kind: Parameters<typeof queryObjects>[0]): number => queryObjects(kind, { format: 'count' })
  const [browsers, series, objects] = [countOf(EventSink), countOf(Float64Array), countOf(Object)]
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return { objects, series, browsers, bytes: heapUsed + arrayBuffers }
}

test('an hour of topics, groups, applications and browsers that come and go leaves nothing', async () => {
  const clock = new ManualClock(1_000_000)
  const { log } = openTestLog(undefined, { clock })
  const opened = await openDashboard(log, { clock })
  const live = events<LiveEvent>(opened, '/api/live')
  onTestFinished(async () => {
    await live.return()
  })
  const parts = new Set<string>()
  /** Takes what is live until it is of this moment. */
  const follow = async (): Promise<void> => {
    for (;;) {
      const { value } = await live.next()
      if (value === undefined) throw new Error('the events have ended')
      const { atMs, isAll, parts: changed, gone } = value.data
      if (isAll) parts.clear()
      for (const name of Object.keys(changed)) parts.add(name)
      for (const name of gone) parts.delete(name)
      if (atMs === clock.now()) return
    }
  }
  await follow()
  const visitors = new Visitors(log)
  const browsers: Socket[] = []
  onTestFinished(() => browsers.forEach((socket) => socket.destroy()))
  const seen: Held[] = []
  for (let step = 0; step < lastMinute * stepsOfMinute; step++) {
    if (step === firstMinute * stepsOfMinute) seen.push({ ...(await held()), parts: parts.size })
    await visitors.come(step)
    const [path, reads] = (
      [
        ['/api/live', true],
        [`/api/live?detail=app-${step}/v1`, false],
        [`/api/topics/${visitors.newestTopic}/tail`, true],
      ] as const
    )[step % 3] ?? ['/', true]
    browsers.push(await browser(opened, path, reads))
    while (browsers.length > browsersMax) browsers.shift()?.destroy()
    clock.advance(stepMs)
    await follow()
  }
  const [first, last] = [seen[0], { ...(await held()), parts: parts.size }]
  if (first === undefined) throw new Error('nothing was counted')
  // Meanwhile 432 topics, 72 groups, nine applications and 216 browsers have come and gone.
  expect(last.parts - first.parts).toBeLessThan(20)
  expect(last.browsers - first.browsers).toBeLessThan(browsersMax)
  expect(last.series - first.series).toBeLessThan(50)
  expect(last.objects - first.objects).toBeLessThan(100)
  expect(last.bytes - first.bytes).toBeLessThan(16 * 1_024 * 1_024)
  // As many have watched as there may be at once, and more: none of them is taken for one that still does.
  expect((await ask(opened, '/api/live', {}, 'HEAD')).status).toBe(200)
})
