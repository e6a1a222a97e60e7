/**
 * An access log to play with: the same bytes every time, and everything in it that makes counting hard.
 *
 * Some pages are far busier than others and each has its own rhythm. Of every 10 lines one is up to 20 s late, of every
 * 1,000 one is more than a day late, and of every 2,000 one is no line of an access log at all.
 */
import { createWriteStream } from 'node:fs'
import { rename } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { formatLine } from './combined-log-format.ts'

const start = Date.UTC(2025, 2, 4, 9)
const threeHours = 3 * 3_600_000
const aDay = 24 * 3_600_000

/** Draws from a sequence that a seed fixes (mulberry32). */
class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** At least 0, less than 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number: at least `from`, less than `to`. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from))
  }

  pick<T>(items: readonly T[]): T {
    return items[this.whole(0, items.length)] as T
  }

  /** One of `items`, as often as its share of the weights says. */
  weighted<T>({ items, until }: Weighted<T>): T {
    const drawn = this.next() * (until.at(-1) as number)
    let low = 0
    for (let high = items.length - 1; low < high;) {
      const middle = (low + high) >>> 1
      if (drawn < (until[middle] as number)) high = middle
      else low = middle + 1
    }
    return items[low] as T
  }
}

interface Weighted<T> {
  readonly items: readonly T[]
  /** Sums of the weights up to each item. */
  readonly until: readonly number[]
}

function weigh<T>(items: readonly T[], weight: (item: T, rank: number) => number): Weighted<T> {
  let sum = 0
  return { items, until: items.map((item, index) => (sum += weight(item, index + 1))) }
}

const pages = [
  '/',
  '/search',
  '/products',
  '/products/espresso-machine',
  '/cart',
  '/sale',
  '/products/hand-grinder',
  '/login',
  '/blog/how-to-descale',
  '/checkout',
  '/products/milk-jug',
  '/about',
  '/favicon.ico',
  '/robots.txt',
  ...Array.from({ length: 60 }, (_, index) => `/products/${index + 100}`),
  ...Array.from({ length: 26 }, (_, index) => `/blog/${2000 + index}`),
]
const queries = ['?utm_source=newsletter', '?page=2', '?q=filter+paper', '?q=%C3%A9', '?lang=fr']
const clients = weigh(
  ['203.0.113', '198.51.100', '192.0.2'].flatMap((net) =>
    Array.from({ length: 250 }, (_, host) => `${net}.${host + 1}`),
  ),
  (_, rank) => rank ** -0.8,
)
const methods = weigh(['GET', 'POST', 'HEAD', 'PUT', 'OPTIONS'], (method) => (method === 'GET' ? 93 : 2))
const statuses = weigh([200, 304, 404, 301, 206, 500], (status) => (status === 200 ? 85 : 3))
const referrers = ['-', '-', '-', 'https://search.example/', 'https://news.example/coffee?id=12']
const userAgents = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:136.0) Gecko/20100101 Firefox/136.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15',
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Mobile Safari/537.36',
  'curl/8.12.1',
  String.raw`Bot \"of the day\"/2.0 (+https://bot.example/)`,
]

/** How busy a page is at `part` (0 to 1) of the time: a Zipf law, a rhythm of its own, and for /sale one short rush. */
function popularity(page: string, rank: number, part: number): number {
  const rhythm = 1 + 0.7 * Math.sin(2 * Math.PI * (part * (1 + (rank % 3)) + rank * 0.37))
  const rush = page === '/sale' ? 30 * Math.exp(-(((part - 0.6) / 0.03) ** 2)) : 0
  return (rhythm + rush) / rank
}

/** What stands in a log by accident. None of it holds a line break. */
const accidents: readonly ((line: string, dice: Dice) => string)[] = [
  (line, dice) => line.slice(0, dice.whole(3, line.indexOf('"') + 4)),
  (line) => line.replace(/\[[^\]]*\]/, '[31/Foo/2025:25:61:61 +0000]'),
  (line) => line.replace(/" \d{3} /, '" OK '),
  () => 'kernel: [  812.044213] Out of memory: Killed process 4711 (httpd)',
  (_, dice) => String.fromCharCode(...Array.from({ length: dice.whole(20, 80) }, () => dice.whole(0x80, 0xc0))),
]

/**
 * The lines, each character a byte.
 *
 * @param options `lines` default to 200,000, over three hours in any case
 */
export function* accessLogLines(options: { readonly lines?: number; readonly seed?: number } = {}): Generator<string> {
  const { lines = 200_000, seed = 1 } = options
  const dice = new Dice(seed)
  let minute = -1
  let pagesNow = weigh(pages, () => 1)
  let dayLate = 0
  let accident = 0
  for (let index = 0; index < lines; index++) {
    // The first one comes when the log is under way: before that nothing would be late.
    if (index % 1_000 === 0) dayLate = index + dice.whole(500, 1_000)
    if (index % 2_000 === 0) accident = index + dice.whole(0, 2_000)
    const part = index / lines
    const now = start + Math.floor((threeHours * part) / 1_000) * 1_000
    if (Math.floor((now - start) / 60_000) > minute) {
      minute++
      pagesNow = weigh(pages, (page, rank) => popularity(page, rank, part))
    }
    let time = now
    if (index === dayLate) time = now - aDay - dice.whole(0, 3_600) * 1_000
    else if (index % 10 === 9) time = Math.max(start, now - dice.whole(2, 21) * 1_000)
    const status = dice.weighted(statuses)
    const line = formatLine({
      client: dice.weighted(clients),
      identity: '-',
      user: '-',
      time,
      method: dice.weighted(methods),
      target: dice.weighted(pagesNow) + (dice.next() < 0.2 ? dice.pick(queries) : ''),
      protocol: 'HTTP/1.1',
      status,
      bytes: status === 304 ? null : dice.whole(200, 60_000),
      referrer: dice.pick(referrers),
      userAgent: dice.pick(userAgents),
    })
    yield index === accident ? dice.pick(accidents)(line, dice) : line
  }
}

function* blocks(): Generator<Buffer> {
  let block = ''
  for (const line of accessLogLines()) {
    block += `${line}\n`
    if (block.length < 1_048_576) continue
    yield Buffer.from(block, 'latin1')
    block = ''
  }
  yield Buffer.from(block, 'latin1')
}

/** Writes the log to a file, which is there as a whole or not at all. */
export async function writeAccessLog(path: string): Promise<void> {
  const unfinished = `${path}.unfinished`
  await pipeline(Readable.from(blocks()), createWriteStream(unfinished, { flush: true }))
  await rename(unfinished, path)
}
