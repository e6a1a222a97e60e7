/**
 * What the dashboard takes, checked before anything listens.
 */
import { isIPv4 } from 'node:net'
import { checkBoolean, checkList, checkOptions, checkWhole } from '../core/checks.ts'
import { checkClock, type Clock, systemClock } from '../core/clock.ts'
import { MillraceError } from '../core/errors.ts'
import { shown } from '../core/shown.ts'

/** What {@link dashboard} takes. */
export interface DashboardOptions {
  /** Where it listens; 0 takes a port that is free. Default 7070. */
  readonly port?: number | undefined
  /**
   * The address that it listens at, or a name for one. Default `127.0.0.1`: only this machine reaches it. Every other
   * address needs a `token`.
   */
  readonly host?: string | undefined
  /** What readers need, at least 16 characters. Default: none, which only a loopback address allows. */
  readonly token?: string | undefined
  /**
   * Whether the page may make changes: send dead letters again; switch, pause, resume and drop versions. Needs a
   * `token`, also at a loopback address, and a log that may be written. Default false: it only reads.
   */
  readonly allowChanges?: boolean | undefined
  /** Other host names that it is reached by, such as that of a proxy. A request for any other host is refused. */
  readonly hosts?: readonly string[] | undefined
  /** Where it takes time and timers from. Default: the machine's clock. */
  readonly clock?: Clock | undefined
}

export interface CheckedOptions {
  readonly port: number
  readonly host: string
  readonly token: string | undefined
  readonly allowChanges: boolean
  readonly hosts: readonly string[]
  readonly clock: Clock
}

const tokenCharsMin = 16

/** @throws MillraceError `bad_option` */
export function checkDashboardOptions(options: DashboardOptions): CheckedOptions {
  const known = ['port', 'host', 'token', 'allowChanges', 'hosts', 'clock']
  const checked = checkOptions('dashboard', options, known)
  const { port = 7070, host = '127.0.0.1', token, allowChanges = false, hosts = [], clock = systemClock } = checked
  checkWhole('port', port, 0, 65_535)
  checkBoolean('allowChanges', allowChanges)
  checkClock('clock', clock)
  for (const name of [host, ...checkList('hosts', hosts)]) checkHost(name)
  if (token !== undefined) checkToken(token)
  else if (allowChanges) {
    throw new MillraceError(
      'bad_option',
      `a dashboard with allowChanges needs a token of at least ${tokenCharsMin} characters: without one, any ` +
        'program on this machine could make changes',
    )
  } else if (!isLoopback(host)) {
    throw new MillraceError(
      'bad_option',
      `the dashboard would be open to anyone who reaches ${shown(host)}: give it a token of at least ` +
        `${tokenCharsMin} characters, or let it listen at 127.0.0.1`,
    )
  }
  return { port, host, token, allowChanges, hosts: hosts.map((name) => name.toLowerCase()), clock }
}

/** Visible ASCII: it has to fit into a header and into an address. */
function checkToken(token: unknown): void {
  if (typeof token === 'string' && token.length >= tokenCharsMin && /^[!-~]+$/.test(token)) return
  throw new MillraceError(
    'bad_option',
    `the token of a dashboard needs at least ${tokenCharsMin} characters of visible ASCII, without spaces`,
  )
}

/** Without a port: `Host` may name another one, where something forwards it. */
function checkHost(host: unknown): void {
  if (typeof host === 'string' && /^(?:[\w.-]+|\[?[\da-f:.]+\]?)$/i.test(host)) return
  throw new MillraceError('bad_option', `${shown(host)} is no host: give a name or an address, without a port`)
}

/** Only names that can be nothing else: a name from DNS may mean any address tomorrow. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'))
}
