// A comparison reads as a table, and what differs is shown below it.
import { expect, test } from 'vitest'
import type { ComparedPart } from '../../src/replay/comparison-face.ts'
import { formatComparison } from '../../src/replay/format-comparison.ts'

const part: ComparedPart = {
  name: 'totals',
  what: 'rows',
  equal: 1_234_567,
  onlyHere: 1,
  onlyLive: 0,
  different: 2,
  samples: [
    { key: 'a\u001b', here: { value: 4, timestamp: 7 }, live: null },
    { key: 'b', window: { start: 0, end: 10 }, here: { value: 4, timestamp: 7 }, live: { value: 5, timestamp: 7 } },
    {
      key: null,
      place: { partition: 2, index: 3 },
      here: { value: 4, timestamp: 7 },
      live: { value: 4, timestamp: 8 },
    },
  ],
}

test('a comparison is an aligned table, with the samples of each part and why others were not compared', () => {
  const other = { ...part, name: 'x', samples: [], note: 'some are gone', incomparable: 'its keys are json here' }
  const report = { here: 'app@v2', live: 'app', isEqual: false, stores: [part], topics: [other] }
  expect(formatComparison(report).split('\n')).toEqual([
    'app@v2 (here) and app (live): they differ',
    '                  equal  only here  only live  different',
    'store totals  1,234,567          1          0          2',
    'topic x               -          -          -          -',
    '',
    'store totals',
    String.raw`  "a\u001b": 4 here, nothing live`,
    '  "b" [0, 10): 4 here, 5 live',
    '  null (record 3 of partition 2): 4 at 7 here, at 8 live',
    '',
    'topic x',
    '  cannot be compared: its keys are json here',
    '  note: some are gone',
    '',
  ])
  const none = { ...other, onlyHere: 0, different: 0 }
  expect(formatComparison({ ...report, stores: [], topics: [none] })).toContain('not all could be compared')
  const equal = { ...report, isEqual: true, stores: [], topics: [] }
  expect(formatComparison(equal)).toContain('no difference')
})
