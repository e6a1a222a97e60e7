/**
 * What to say about a source that is empty, or whose lines are not in the format of an access log.
 */
import { formatLine } from './combined-log-format.ts'
import { number, printable } from './drawing.ts'
import type { Place } from './importer.ts'
import { lineBytesMax } from './line-splitter.ts'

/** Other formats by what a line of them looks like. */
const formats: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [
    /^\s*[{[]\s*("|$)/,
    'It looks like JSON. Have the server write the Combined Log Format, or convert it, with jq for instance.',
  ],
  [/^#(Software|Version|Fields|Date|Remark):/, 'It looks like the W3C Extended Log Format, as IIS writes it.'],
  [/^\s*</, 'It looks like XML or HTML.'],
  [
    /^\[\w{3} \w{3} \d\d [\d:.]+ \d{4}\]|^\d{4}\/\d\d\/\d\d [\d:]+ \[\w+\]/,
    'It looks like an error log; take the access log.',
  ],
  [
    /^(<\d+>)?\w{3} [ \d]\d \d\d:\d\d:\d\d /,
    'It looks like syslog: cut off everything before the address of the client.',
  ],
  [/^time:|\ttime:/, 'It looks like LTSV.'],
  [/^[^\r]+\r[^\r]/, "Its lines end in carriage returns alone: tr '\\r' '\\n' makes line feeds of them."],
  [/\0/, 'It holds zero bytes, as binary files do.'],
]

const example = formatLine({
  client: '203.0.113.7',
  identity: '-',
  user: '-',
  time: Date.UTC(2025, 2, 4, 9, 0, 12),
  method: 'GET',
  target: '/cart?item=7',
  protocol: 'HTTP/1.1',
  status: 200,
  bytes: 5_120,
  referrer: '-',
  userAgent: 'Mozilla/5.0',
})

/** What is wrong with a source as a whole: more than half of its lines are malformed. Undefined when it is an access log. */
export function complaintAbout(title: string, { lines, malformed, firstMalformed }: Place): string | undefined {
  if (firstMalformed === undefined || malformed * 2 <= lines) return undefined
  const { number: at, text, complaint, bytes } = firstMalformed
  const [, hint] = formats.find(([pattern]) => pattern.test(text)) ?? []
  return [
    `${printable(title)}: ${number(malformed)} of ${number(lines)} lines are malformed. The first is line ${number(at)}:`,
    `    ${printable(JSON.stringify(text.length <= 120 ? text : `${text.slice(0, 119)}…`))}`,
    `    ${printable(complaint)}`,
    ...(bytes < lineBytesMax ? [] : [`    The line is longer than ${lineBytesMax / 1_024} KiB.`]),
    'A line has to be in Common or Combined Log Format; more fields may follow:',
    `    ${example}`,
    ...(hint === undefined ? [] : [hint]),
  ].join('\n')
}
