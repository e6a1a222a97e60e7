/**
 * Browsers that have the dashboard open, in a process of their own: each has a connection for what is live, and reads
 * what comes. One of them asks as well.
 */
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { JobBeside } from './job-beside.ts'

/** Addresses of the API by what they ask for, each asked as often as the others. */
export type Questions = Readonly<Record<string, readonly string[]>>

export interface BrowserOptions {
  readonly port: number
  readonly clients: number
  /** Asked in turn, one at a time. */
  readonly questions: Questions
}

export interface BrowserResult {
  /** How long each answer took, to its end, by what was asked for. */
  readonly answersMs: Readonly<Record<string, readonly number[]>>
  readonly events: number
  readonly bytes: number
}

/** Says so once each browser has had its first event, and once it has asked everything; ends with its input. */
export async function browse({ port, clients, questions }: BrowserOptions): Promise<BrowserResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const got = { events: 0, bytes: 0 }
  const live = await Promise.all(Array.from({ length: clients }, () => watch(port, got)))
  console.log('watching')
  const answersMs: Record<string, number[]> = Object.fromEntries(Object.keys(questions).map((name) => [name, []]))
  const rounds = Math.max(0, ...Object.values(questions).map(({ length }) => length))
  for (let round = 0; round < rounds; round++) {
    for (const [name, paths] of Object.entries(questions)) {
      const path = paths[round % paths.length]
      if (path !== undefined) answersMs[name]?.push(await ask(port, path, agent))
    }
  }
  console.log('answered')
  await once(process.stdin.resume(), 'end')
  for (const response of live) response.destroy()
  agent.destroy()
  return { answersMs, ...got }
}

/** Comes with the first event. */
function watch(port: number, got: { events: number; bytes: number }): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asking = get({ host: '127.0.0.1', port, path: '/api/live', agent: false }, (response) => {
      response.on('data', (part: Buffer) => {
        got.bytes += part.length
        if (!part.includes('event: parts')) return
        got.events++
        resolve(response)
      })
      response.on('error', reject)
    })
    asking.on('error', reject)
  })
}

function ask(port: number, path: string, agent: Agent): Promise<number> {
  const startedMs = performance.now()
  return new Promise((resolve, reject) => {
    const asking = get({ host: '127.0.0.1', port, path, agent }, (response) => {
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200) resolve(performance.now() - startedMs)
        else reject(new Error(`${path}: ${response.statusCode}`))
      })
      response.resume()
    })
    asking.on('error', reject)
  })
}

/** Browsers in a process of their own. */
export class Browsers {
  readonly #job: JobBeside

  private constructor(job: JobBeside) {
    this.#job = job
  }

  /** Comes when each of them watches. */
  static async open(options: BrowserOptions): Promise<Browsers> {
    const job = new JobBeside('browse', options)
    await job.line()
    return new Browsers(job)
  }

  /** Comes when they have asked everything, and ends them. */
  async close(): Promise<BrowserResult> {
    await this.#job.line()
    this.#job.endInput()
    return JSON.parse(await this.#job.line()) as BrowserResult
  }
}
