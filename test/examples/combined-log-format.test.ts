// Lines of Combined Log Format: what is read out of one, and what is said about one that is none.
import { expect, test } from 'vitest'
import { combinedLogFormat, formatLine, parseLine } from '../../examples/clicks/combined-log-format.ts'

const line =
  '203.0.113.7 - ann [04/Mar/2025:09:00:12 +0000] "GET /cart?item=7 HTTP/1.1" 200 5120 "https://a.example/" "Bot \\"x\\"/2"'

const entry = {
  client: '203.0.113.7',
  identity: '-',
  user: 'ann',
  time: Date.UTC(2025, 2, 4, 9, 0, 12),
  method: 'GET',
  target: '/cart?item=7',
  protocol: 'HTTP/1.1',
  status: 200,
  bytes: 5_120,
  referrer: 'https://a.example/',
  userAgent: String.raw`Bot \"x\"/2`,
}

test('a line and its entry', () => {
  expect(parseLine(line)).toEqual(entry)
  expect(formatLine(entry)).toBe(line)
  expect(combinedLogFormat.decode(combinedLogFormat.encode(entry))).toEqual(entry)
})

test.each([
  ['no size', line.replace(' 5120 ', ' - '), { bytes: null }],
  ['a zone east of Greenwich', line.replace('09:00:12 +0000', '11:30:12 +0230'), { time: entry.time }],
  [
    'a zone west of Greenwich',
    line.replace('04/Mar/2025:09:00:12 +0000', '03/Mar/2025:23:00:12 -1000'),
    { time: entry.time },
  ],
  ['no request', line.replace('GET /cart?item=7 HTTP/1.1', '-'), { method: '-', target: '', protocol: '' }],
  ['an old request', line.replace(' HTTP/1.1', ''), { method: 'GET', target: '/cart?item=7', protocol: '' }],
  ['no referrer and no user agent', line.replace(/ "http.*/, ''), { referrer: '-', userAgent: '-' }],
  ['one more field in quotes', `${line} "203.0.113.7, 10.0.0.1"`, {}],
  ['more fields of all kinds', `${line} "-" 0.004 upstream="10.0.0.2:80, 10.0.0.3:80" [main] .`, {}],
  ['more fields and no referrer', `${line.replace(/ "http.*/, '')} 0.004 "TLS"`, { referrer: '-', userAgent: '-' }],
  ['spaces at its end', `${line}  `, {}],
  ['a virtual host', `shop.example:443 ${line}`, {}],
  ['a client of IPv6', line.replace('203.0.113.7', '2001:db8::7'), { client: '2001:db8::7' }],
  ['a client of IPv6 that looks like a host and port', line.replace('203.0.113.7', '::1'), { client: '::1' }],
  ['quotes in its request', line.replace('/cart', String.raw`/\"cart\"`), { target: String.raw`/\"cart\"?item=7` }],
  ['nothing that is known', line.replace('ann', '-').replace(' 5120 ', ' - '), { user: '-', bytes: null }],
  ['letters of all kinds', line.replace('/cart', '/caf\u{e9}/\u{732b}'), { target: '/caf\u{e9}/\u{732b}?item=7' }],
])('a line with %s', (_, text, fields) => {
  expect(parseLine(text)).toEqual({ ...entry, ...fields })
  expect(parseLine(formatLine(parseLine(text)))).toEqual(parseLine(text))
})

test('a line with a byte order mark is the line without it', () => {
  expect(combinedLogFormat.decode(Buffer.from(`\u{feff}${line}`))).toEqual(entry)
})

test.each([
  ['', 'expected a client address, but the line ends'],
  ['203.0.113.7', 'expected an identity, but the line ends'],
  ['203.0.113.7 - - soon', 'expected a time in brackets, but there is "soon"'],
  [line.slice(0, 57), 'expected a request in quotes, but there is "\\"GET /cart"'],
  [line.replace(' 200 ', ' OK '), 'expected a status, but there is "OK 5120 '],
  [line.slice(0, -1), 'expected the end of the line, or more fields with their quotes closed, but there is "\\"Bot'],
  [`${line} "and more`, 'with their quotes closed, but there is "\\"and more"'],
  [line.replace('/cart', `/${'c'.repeat(1_000)}`), 'its path has 1001 characters, and more than 1000 are no page'],
  [line.replace('04/Mar', '31/Feb'), '"31/Feb/2025:09:00:12 +0000" is not a time'],
  [line.replace('04/Mar', '04/Mai'), 'is not a time'],
  [line.replace('09:00:12', '24:00:00'), 'is not a time'],
  [line.replace('2025', '1969'), 'is not a time since 1970'],
  [`${line}${' "a\\"b"'.repeat(50_000)} "`, 'with their quotes closed, but there is "\\""'],
  ['\u{0}\u{1}'.repeat(300_000), 'expected an identity, but the line ends'],
])('%# a line that is none', (text, complaint) => {
  expect(() => parseLine(text)).toThrow(complaint)
})
