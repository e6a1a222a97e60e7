/**
 * Requests to a web server, for the demo of clicks: made up, or out of an access log in Common or Combined Log Format.
 */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { messageOf } from '../../core/errors.ts'
import { shown } from '../../core/shown.ts'
import { CommandFailed } from '../exit-codes.ts'
import { Dice } from './dice.ts'

/** What is counted is a GET that was answered with 200. */
export interface Request {
  readonly method: string
  readonly page: string
  readonly status: number
}

/** A request as a record: the key is the address of the client. */
export interface RequestRecord {
  readonly key: string
  readonly value: Request
  readonly timestamp: number
}

export interface Requests {
  readonly records: readonly RequestRecord[]
  /** Lines that are none of an access log. */
  readonly malformed: number
}

const begin = Date.UTC(2025, 2, 4, 9)
const spanMs = 2 * 3_600_000
/** How much later than its time a request may be written down. */
const disorderMs = 20_000
const pages = ['/', '/', '/', '/search', '/search', '/products', '/products', '/cart', '/sale', '/about'] as const

/** Two hours of them, the same every time; a tenth are not in the order of their times. */
export function madeUp(count: number): Requests {
  const dice = new Dice(1)
  const records = Array.from({ length: count }, (_, at): RequestRecord => {
    const nowMs = begin + Math.floor((spanMs * at) / count)
    const lateMs = dice.below(10) === 0 ? dice.below(disorderMs) : 0
    return {
      key: `203.0.113.${dice.below(250)}`,
      value: {
        method: dice.below(20) === 0 ? 'POST' : 'GET',
        page: dice.pick(pages),
        status: dice.pick([200, 200, 200, 200, 200, 200, 304, 404]),
      },
      timestamp: Math.max(begin, nowMs - lateMs),
    }
  })
  return { records, malformed: 0 }
}

/** `ADDRESS - - [TIME] "METHOD TARGET PROTOCOL" STATUS …`. */
const line = /^(\S+) \S+ \S+ \[(\d\d)\/(\w{3})\/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)\] "(\S+) (\S+)[^"]*" (\d{3}) /
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** A page is part of a key, and keys have a limit. */
const pageCharsMax = 1_000

/** @param linesMax how many lines are read at most */
export async function readAccessLog(path: string, linesMax: number): Promise<Requests> {
  const records: RequestRecord[] = []
  let malformed = 0
  try {
    for await (const text of createInterface({ input: createReadStream(path) })) {
      if (records.length + malformed === linesMax) break
      const record = requestOf(text)
      if (record === undefined) malformed++
      else records.push(record)
    }
  } catch (error) {
    throw new CommandFailed(`cannot read ${shown(path)}: ${messageOf(error)}`, { cause: error })
  }
  if (records.length > 0) return { records, malformed }
  throw new CommandFailed(`${shown(path)} has no line in Common or Combined Log Format`)
}

function requestOf(text: string): RequestRecord | undefined {
  const [, key, day, month = '', year, clock, zoneHours, zoneMinutes, method, target, status] = line.exec(text) ?? []
  if (key === undefined || method === undefined || target === undefined) return undefined
  const monthNumber = String(months.indexOf(month) + 1).padStart(2, '0')
  const timestamp = Date.parse(`${year}-${monthNumber}-${day}T${clock}${zoneHours}:${zoneMinutes}`)
  const page = target.replace(/\?.*/s, '')
  if (!(timestamp >= 0) || page.length > pageCharsMax) return undefined
  return { key, value: { method, page, status: Number(status) }, timestamp }
}
