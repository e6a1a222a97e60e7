/**
 * The server of the dashboard: every request is judged by the guard, then answered by the API, or with the page.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MillraceError, messageOf } from '../core/errors.ts'
import { shown } from '../core/shown.ts'
import { routes } from './api/routes.ts'
import { boundedServer } from './connections.ts'
import { EventSink } from './event-sink.ts'
import { Guard, securityHeaders } from './guard.ts'
import type { CheckedOptions } from './options.ts'
import type { PageFiles } from './page-files.ts'
import { jsonBodyOf } from './json-body.ts'
import { Refusal, replyError, replyFailure, replyHealth, replyJson, replyText } from './reply.ts'
import { type Begin, findRoute, type Found, type Question, type Route, type World } from './router.ts'
import { replySignIn } from './sign-in.ts'
import { Turnstile } from './turnstile.ts'
import type { ActView } from './views.ts'

/** More live connections than this are refused: each costs memory, and a sample more to write. */
const streamsMax = 200
/** A place in a topic of a thousand partitions has most of them. */
const urlCharsMax = 12_288
const readingMax = 4
/** They wait for the same few answers, and cost little. */
const sharingMax = 64

export class DashboardServer {
  readonly #options: CheckedOptions
  readonly #world: World
  readonly #files: PageFiles
  readonly #server: Server
  readonly #sinks = new Set<EventSink>()
  /** Those in `#sinks`, and those that are about to be. */
  #streams = 0
  readonly #turnstile = new Turnstile(readingMax)
  readonly #sharing = new Turnstile(sharingMax)
  /** One after the other: the second of two equal ones finds what the first has done, and says so. */
  readonly #acting = new Turnstile(1)
  #guard: Guard | undefined
  #isClosed = false

  constructor(options: CheckedOptions, world: World, files: PageFiles) {
    this.#options = options
    this.#world = world
    this.#files = files
    this.#server = boundedServer((request, response) => {
      // An answer that cannot be sent is for someone who has gone.
      response.on('error', () => undefined)
      this.#answer(request, response).catch((error: unknown) => {
        if (response.headersSent) response.destroy()
        else replyFailure(response, error)
      })
    })
  }

  /** @throws MillraceError `bad_option` when it cannot listen there */
  async listen(): Promise<void> {
    const { host, port } = this.#options
    const bare = host.replace(/^\[|\]$/g, '')
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => {
        const why = `the dashboard cannot listen at ${shown(host)}, port ${port}: ${messageOf(error)}`
        reject(new MillraceError('bad_option', why, { cause: error }))
      })
      this.#server.listen(port, bare, () => resolve())
    })
    // From now on it is about a connection that could not be accepted, for want of memory or files: its browser tries
    // again, and this may be the process of an application.
    this.#server.on('error', () => undefined)
    this.#guard = new Guard(this.#options, this.port)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Once it resolves, no change is under way or will be made: one that waits for its turn is not. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const sink of this.#sinks) sink.close()
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
    this.#server.closeAllConnections()
    await closed
    await this.#acting.pass(() => Promise.resolve())
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(securityHeaders))
      if (value !== undefined) response.setHeader(name, value)
    const url = urlOf(request.url ?? '')
    if (url === undefined || this.#guard === undefined) {
      return replyError(response, 400, 'bad_option', 'the address makes no sense')
    }
    const { pathname } = url
    const found = findRoute(routes, pathname)
    const isApi = found !== undefined || pathname === '/api' || pathname.startsWith('/api/')
    const isPage = !isApi && !this.#files.has(pathname)
    const isAct = found?.route.kind === 'act'
    const { method = '', headers, headersDistinct } = request
    const host = headersDistinct['host']?.length === 1 ? headers.host : undefined
    const verdict = this.#guard.judge({ method, host, headers, url, isPage, isAct })
    if (verdict.kind === 'signedIn') {
      response.writeHead(303, { location: verdict.location, 'set-cookie': verdict.cookie, 'cache-control': 'no-store' })
      response.end()
    } else if (found?.route.kind === 'probe' && (verdict.kind === 'granted' || verdict.status === 401)) {
      const health = await found.route.answer(this.#questionOf(found, url, request, response))
      replyHealth(response, health, verdict.kind === 'granted')
    } else if (verdict.kind === 'refused') {
      if (verdict.status === 401 && isPage) return replySignIn(response, url.searchParams)
      if (verdict.status === 405) response.setHeader('allow', isAct ? 'POST' : 'GET, HEAD')
      if (verdict.status === 401) response.setHeader('www-authenticate', 'Bearer realm="millrace"')
      replyError(response, verdict.status, verdict.code, verdict.message)
    } else if (isApi) {
      if (found === undefined) return replyError(response, 404, 'address_unknown', 'the API has no such address')
      await this.#answerApi(found.route, this.#questionOf(found, url, request, response), request, response)
    } else {
      this.#files.reply(request, response, pathname)
    }
  }

  #questionOf({ path }: Found, url: URL, { headers }: IncomingMessage, response: ServerResponse): Question {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    return { ...this.#world, path, query: url.searchParams, accept: headers.accept ?? '', gone: gone.signal }
  }

  async #answerApi(
    route: Route,
    question: Question,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (route.kind === 'events') return this.#sendEvents(route.begin, question, request.method, response)
    if (route.kind === 'act') {
      const body = await jsonBodyOf(request)
      if (this.#acting.isFull) return replyError(response, 503, 'busy', 'too many changes wait already')
      const act = (): Promise<ActView> => {
        if (this.#isClosed) throw new Refusal(503, 'closed', 'the dashboard was closed meanwhile')
        return route.act(question, body)
      }
      return replyJson(response, 200, await this.#acting.pass(act))
    }
    const turnstile = route.kind === 'shared' ? this.#sharing : this.#turnstile
    if (turnstile.isFull) return replyError(response, 503, 'busy', 'too many requests wait already')
    await turnstile.pass(async () => {
      if (response.destroyed) return // it has gone meanwhile: nothing is read for it
      if (route.kind === 'text') {
        const { contentType, text } = await route.answer(question)
        return replyText(response, 200, contentType, text)
      }
      replyJson(response, 200, await route.answer(question))
    })
  }

  async #sendEvents(
    begins: (question: Question) => Promise<Begin>,
    question: Question,
    method: string | undefined,
    response: ServerResponse,
  ): Promise<void> {
    if (this.#streams >= streamsMax) {
      return replyError(response, 503, 'busy', `this dashboard has ${streamsMax} live connections already`)
    }
    this.#streams++ // before anything is read: what is refused costs nothing, however many come at once
    try {
      const begin = await begins(question)
      if (method === 'HEAD') return replyJson(response, 200, null) // it would wait for an end that never comes
      if (!response.destroyed) await this.#send(begin, response)
    } finally {
      this.#streams--
    }
  }

  /** Until the other side has gone. */
  async #send(begin: Begin, response: ServerResponse): Promise<void> {
    const sink = new EventSink(response, this.#world.clock)
    this.#sinks.add(sink)
    try {
      const end = begin(sink)
      if (!response.destroyed) {
        await new Promise<void>((resolve) => {
          response.once('close', resolve)
        })
      }
      end()
    } finally {
      this.#sinks.delete(sink)
    }
  }
}

/** Undefined for what is no path: an address with a host of its own, or one that is too long. */
function urlOf(text: string): URL | undefined {
  if (!text.startsWith('/') || text.length > urlCharsMax) return undefined
  const address = `http://dashboard${text}`
  const url = URL.canParse(address) ? new URL(address) : undefined
  // As a link, or where one is sent on to, a path that begins with two slashes means another host.
  return url?.pathname.startsWith('//') === true ? undefined : url
}
