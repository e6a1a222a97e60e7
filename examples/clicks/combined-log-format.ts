/**
 * The Combined Log Format of Apache and nginx as a serde: a line of text is the value of a record.
 *
 *     203.0.113.7 - - [04/Mar/2025:09:00:12 +0000] "GET /cart?item=7 HTTP/1.1" 200 5120 "-" "Mozilla/5.0"
 *
 * The Common Log Format ends after the size. What a server may be configured to add, the virtual host in front or more
 * fields at the end, is skipped.
 */
import type { Serde } from 'millrace'

/** One request. Text is as it stands in the line, with its escapes; `-` stands for what the server did not know. */
export interface AccessLogEntry {
  readonly client: string
  readonly identity: string
  readonly user: string
  /** When the request came, ms since the epoch. */
  readonly time: number
  readonly method: string
  /** The path with its query. */
  readonly target: string
  readonly protocol: string
  readonly status: number
  /** Size of the answer; null when there was none. */
  readonly bytes: number | null
  readonly referrer: string
  readonly userAgent: string
}

const inQuotes = String.raw`[^"\\]*(?:\\[^][^"\\]*)*`
const quoted = `"(${inQuotes})"`
/** A field at the end, such as `0.004`, `"203.0.113.7, 10.0.0.1"` or `upstream="10.0.0.2:80"`. */
const furtherField = String.raw` (?:[^\s"]*"${inQuotes}"|[^\s"]+)`

/** What a line consists of, and what to call it when it is missing. */
const fields = [
  ['a client address', String.raw`(?:[^\s:]+:\d+ )?(\S+)`],
  ['an identity', String.raw` (\S+)`],
  ['a user', String.raw` (\S+)`],
  ['a time in brackets', String.raw` \[([^\]]*)\]`],
  ['a request in quotes', ` ${quoted}`],
  ['a status', String.raw` (\d{3})`],
  ['a size', String.raw` (\d+|-)`],
  ['more fields', `(?: ${quoted} ${quoted})?(?:${furtherField})*`],
  ['the end of the line, or more fields with their quotes closed', ' *$'],
] as const

const startOf = (count: number): RegExp =>
  new RegExp(
    `^${fields
      .slice(0, count)
      .map(([, pattern]) => pattern)
      .join('')}`,
  )
const wholeLine = startOf(fields.length)

/**
 * Reads one line.
 *
 * @throws Error that says what is wrong with it
 */
export function parseLine(line: string): AccessLogEntry {
  const match = wholeLine.exec(line)
  if (match === null) throw new Error(complaint(line))
  const [
    ,
    client = '',
    identity = '',
    user = '',
    time = '',
    request = '',
    status,
    size,
    referrer = '-',
    userAgent = '-',
  ] = match
  const [method = '', target = '', ...protocol] = request.split(' ')
  const pathChars = target.replace(/\?.*/s, '').length
  if (pathChars > pathCharsMax)
    throw new Error(`its path has ${pathChars} characters, and more than ${pathCharsMax} are no page`)
  return {
    client,
    identity,
    user,
    time: parseTime(time),
    method,
    target,
    protocol: protocol.join(' '),
    status: Number(status),
    bytes: size === '-' ? null : Number(size),
    referrer,
    userAgent,
  }
}

/** A page is the key of a count, and keys have a limit (4,010 bytes). */
const pathCharsMax = 1_000

/** Names the first thing that is missing, and what stands in its place. */
function complaint(line: string): string {
  const found = fields.findIndex((_, index) => !startOf(index + 1).test(line))
  const rest = line.slice(startOf(found).exec(line)?.[0].length).trimStart()
  const instead = rest === '' ? 'the line ends' : `there is ${JSON.stringify(shortened(rest))}`
  return `expected ${fields[found]?.[0]}, but ${instead}`
}

const shortened = (text: string): string => (text.length <= 40 ? text : `${text.slice(0, 39)}…`)

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const timePattern = /^(\d\d)\/(\w{3})\/(\d{4}):(\d\d:\d\d:\d\d) ([+-])(\d\d)(\d\d)$/

/** A time such as `04/Mar/2025:09:00:12 +0000`, in ms since the epoch. */
function parseTime(text: string): number {
  const [, day, month = '', year, clock, sign, zoneHours, zoneMinutes] = timePattern.exec(text) ?? []
  const monthNumber = String(months.indexOf(month) + 1).padStart(2, '0')
  const local = new Date(`${year}-${monthNumber}-${day}T${clock}Z`)
  const zoneMs = Number(`${sign}1`) * (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000
  const time = local.getTime() - zoneMs
  // Date takes 31 February for 3 March.
  if (local.getUTCDate() === Number(day) && time >= 0) return time
  throw new Error(`${JSON.stringify(shortened(text))} is not a time since 1970`)
}

function formatTime(time: number): string {
  const [date = '', clock = ''] = new Date(time).toISOString().split(/[T.]/)
  const [year, month, day] = date.split('-')
  return `${day}/${months[Number(month) - 1]}/${year}:${clock} +0000`
}

/** Writes one line; {@link parseLine} of it gives an equal entry. */
export function formatLine(entry: AccessLogEntry): string {
  const { client, identity, user, time, method, target, protocol, status, bytes, referrer, userAgent } = entry
  const request = [method, target, protocol].join(' ').trimEnd()
  return `${client} ${identity} ${user} [${formatTime(time)}] "${request}" ${status} ${bytes ?? '-'} "${referrer}" "${userAgent}"`
}

const encoder = new TextEncoder()
const decoder = new TextDecoder() // skips a byte order mark

/** The text of a line; bytes that are not UTF-8 read as U+FFFD. */
export const textOf = (line: Uint8Array): string => decoder.decode(line)

/** A line as the value of a record. Decoding throws on a line that is malformed. */
export const combinedLogFormat: Serde<AccessLogEntry> = {
  name: 'combined-log-format',
  encode: (entry) => encoder.encode(formatLine(entry)),
  decode: (bytes) => parseLine(textOf(bytes)),
}
