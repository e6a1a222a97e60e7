/**
 * Who may ask: every request passes here first, whatever it asks for.
 *
 * The attacker to think of is a page in the browser of someone who may reach this port. It can send requests here, and
 * read the answers once its own name means this address (DNS rebinding). So the host that a request names has to be one
 * of ours; what another site caused is refused; and records are shown under a policy that runs no script but ours.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { type CheckedOptions, isLoopback } from './options.ts'

/** On every answer. */
export const securityHeaders: OutgoingHttpHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; " +
    "require-trusted-types-for 'script'; trusted-types 'none'", // no text becomes markup, whatever script would do it
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer', // the address may hold the token
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** What of a request decides. */
export interface Asked {
  readonly method: string
  /** As it was named; undefined where it was not, or twice. */
  readonly host: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly url: URL
  readonly isPage: boolean
  /** Whether this is the address of a change. */
  readonly isAct: boolean
}

export type Verdict =
  | { readonly kind: 'granted' }
  /** The token was in the address: it goes into a cookie, and out of the address. */
  | { readonly kind: 'signedIn'; readonly cookie: string; readonly location: string }
  | {
      readonly kind: 'refused'
      readonly status: 400 | 401 | 403 | 405
      readonly code: string
      readonly message: string
    }

const granted: Verdict = { kind: 'granted' }

function refused(status: 400 | 401 | 403 | 405, code: string, message: string): Verdict {
  return { kind: 'refused', status, code, message }
}

const tokenNeeded = refused(401, 'token_needed', 'this dashboard needs a token: send it as "Authorization: Bearer …"')
const changesOff = refused(403, 'changes_off', 'this dashboard changes nothing: see allowChanges (--allow-changes)')

export class Guard {
  readonly #options: CheckedOptions
  readonly #token: Buffer | undefined
  readonly #cookieName: string
  readonly #cookieValue: string

  /** @param port the one that is listened at: cookies do not tell ports apart, so their names have to */
  constructor(options: CheckedOptions, port: number) {
    this.#options = options
    this.#token = options.token === undefined ? undefined : digest(options.token)
    this.#cookieName = `millrace_${port}`
    // A cookie is stored by browsers: it proves that the token was known, and is not the token.
    this.#cookieValue = createHmac('sha256', options.token ?? '')
      .update('millrace dashboard cookie')
      .digest('hex')
  }

  judge(asked: Asked): Verdict {
    const { method, host } = asked
    if (!this.#isOurHost(host)) {
      return refused(403, 'host_refused', 'the Host header has no name of this dashboard: see hosts (--name)')
    }
    if (asked.isAct && method !== 'POST') return refused(405, 'method_refused', 'a change needs POST')
    if (!asked.isAct && method !== 'GET' && method !== 'HEAD') {
      return refused(405, 'method_refused', 'this address answers only GET')
    }
    if (isFromElsewhere(asked)) return refused(403, 'cross_origin', 'another site caused this request')
    if (this.#token === undefined) return asked.isAct ? changesOff : granted
    return asked.isAct ? this.#judgeChange(asked, this.#token) : this.#identify(asked, this.#token)
  }

  /** A browser sends the cookie with whatever causes a request, so it has to say as well that this page did. */
  #judgeChange({ headers }: Asked, token: Buffer): Verdict {
    const isBearer = hasBearer(headers, token)
    if (!isBearer && !this.#hasCookie(headers.cookie)) return tokenNeeded
    if (!isBearer && headers.origin === undefined) {
      return refused(403, 'cross_origin', 'a change needs the Origin of this page, or "Authorization: Bearer …"')
    }
    return this.#options.allowChanges ? granted : changesOff
  }

  /** Whatever the port: a tunnel has one of its own. */
  #isOurHost(host: string | undefined): boolean {
    const name = /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i.exec(host ?? '')?.[1]?.toLowerCase()
    if (name === undefined) return false
    const own = this.#options.host.toLowerCase()
    const bare = name.replace(/^\[|\]$/g, '')
    if (isLoopback(bare) || name === own || bare === own || this.#options.hosts.includes(name)) return true
    // Listening at every address: which ones these are may change, and no name can be made to mean one of them.
    return (own === '0.0.0.0' || own === '::' || own === '[::]') && isIP(bare) > 0
  }

  #identify({ headers, url, isPage }: Asked, token: Buffer): Verdict {
    if (hasBearer(headers, token) || this.#hasCookie(headers.cookie)) return granted
    const given = isPage ? url.searchParams.get('token') : null
    if (given !== null && isSame(digest(given), token)) {
      const cookie = `${this.#cookieName}=${this.#cookieValue}; HttpOnly; SameSite=Strict; Path=/`
      const query = new URLSearchParams(url.searchParams)
      query.delete('token')
      const search = query.size === 0 ? '' : `?${query.toString()}`
      return { kind: 'signedIn', cookie, location: `${url.pathname}${search}` }
    }
    return tokenNeeded
  }

  #hasCookie(cookies: string | undefined): boolean {
    const own = digest(this.#cookieValue)
    return (cookies ?? '').split(';').some((pair) => {
      const [name, value = ''] = pair.trim().split('=', 2)
      return name === this.#cookieName && isSame(digest(value), own)
    })
  }
}

/**
 * Browsers say which site caused a request. A link from elsewhere may open the page; nothing else may be asked for.
 * Other clients do not say, and need not.
 */
function isFromElsewhere({ host, headers, isPage }: Asked): boolean {
  const isOurs = (origin: string): boolean => origin === `http://${host}` || origin === `https://${host}`
  const { origin, referer } = headers
  if (origin !== undefined && !isOurs(origin)) return true
  const site = headers['sec-fetch-site']
  if (site === 'same-origin' || site === 'none') return false
  if (site !== undefined) {
    return !(isPage && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document')
  }
  // Over plain HTTP, and not from this machine, they say no more than which page it was; ours does not say even that.
  return !isPage && referer !== undefined && !isOurs(originOf(referer))
}

function originOf(address: string): string {
  return URL.canParse(address) ? new URL(address).origin : address
}

function hasBearer({ authorization = '' }: IncomingHttpHeaders, token: Buffer): boolean {
  const [, bearer] = /^Bearer +([!-~]+)$/i.exec(authorization) ?? []
  return bearer !== undefined && isSame(digest(bearer), token)
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** In the same time for every guess. */
function isSame(given: Buffer, wanted: Buffer): boolean {
  return timingSafeEqual(given, wanted)
}
