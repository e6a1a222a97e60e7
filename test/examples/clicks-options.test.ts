// The command line of the demo: what it takes, and what it says about what it does not take.
import { expect, test } from 'vitest'
import { formatDuration, parseOptions } from '../../examples/clicks/options.ts'

const defaults = {
  files: [],
  windowMs: 60_000,
  graceMs: 60_000,
  dir: './clicks-data',
  follow: false,
  progressMs: 3_000,
  json: false,
  malformed: false,
  help: false,
}

test.each([
  [[], {}],
  [['access.log', '-'], { files: ['access.log', '-'] }],
  [
    ['--follow', 'a', '--json', '--malformed', '-h'],
    { files: ['a'], follow: true, json: true, malformed: true, help: true },
  ],
  [['--window', '10s', '--grace=0'], { windowMs: 10_000, graceMs: 0 }],
  [['--window', '250', '--grace', '1.5h'], { windowMs: 250, graceMs: 5_400_000 }],
  [['--progress', '20ms'], { progressMs: 20 }],
  [['--dir=there', '--', '--odd.log'], { dir: 'there', files: ['--odd.log'] }],
])('%j', (args, options) => {
  expect(parseOptions(args)).toEqual({ ...defaults, ...options })
})

test.each([
  [['--folow'], 'there is no option --folow; did you mean --follow?'],
  [['--windows', '3s'], 'there is no option --windows; did you mean --window?'],
  [['--mal'], 'did you mean --malformed?'],
  [['--JSON'], 'did you mean --json?'],
  [['-x'], 'there is no option -x; --help shows what there is'],
  [['--window'], '--window needs a value'],
  [['--dir', '--json'], '--dir needs a value'],
  [['--dir='], '--dir needs a value'],
  [['--json=yes'], '--json takes no value'],
  [['--window', '0'], '--window is "0"; expected a duration from 1 ms, such as 500ms'],
  [['--window', '0.5ms'], '--window is "0.5ms"'],
  [['--grace', 'soon'], '--grace is "soon"; expected a duration from 0 ms'],
  [['--progress', '0'], '--progress is "0"; expected a duration from 1 ms'],
  [['--grace', '-1s'], '--grace needs a value'],
])('%j is refused', (args, complaint) => {
  expect(() => parseOptions(args)).toThrow(complaint)
})

test.each([
  [0, '0ms'],
  [250, '250ms'],
  [10_000, '10s'],
  [90_000, '90s'],
  [3_600_000, '1h'],
])('%d ms is written %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})
