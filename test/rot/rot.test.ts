// A short rot: damaged copies of a log are read without a wrong record; and the judge knows a wrong one when it sees it.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { compiled } from '../support/compiled.ts'
import type { Contents, PartitionContents } from './contents.ts'
import { damagedCopy, damageText, parseDamage } from './damage.ts'
import { judge } from './judge.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

// Which of the two meta pages is the newest is a matter of opening, not of reading.
test('no damage of a page makes a read wrong, leaves a record out or ends in a raw error', () => {
  const command = [compiled('test/rot/run.ts'), '--seed', '11', '--flips', '30', '--except', 'meta page', '--json']
  const { stdout, stderr, status } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' })
  expect(stderr).toContain('seed 11')
  expect(stderr).toContain('30/30 copies, 0 violations')
  expect(status).toBe(0)
  const { results } = JSON.parse(stdout) as { readonly results: readonly { readonly outcome: string }[] }
  expect(new Set(results.map(({ outcome }) => outcome))).toContain('error')
})

test.each(['flip@1234.5', 'byte@1234=255', 'zero@4096', 'cut@9999'])(
  '%s is said as it is read, and changes a file',
  (text) => {
    const damage = parseDamage(text)
    if (damage === undefined) throw new Error('it is no damage')
    expect(damageText(damage)).toBe(text)
    const file = Buffer.alloc(20_000, 7)
    expect(damagedCopy(file, damage).equals(file)).toBe(false)
    expect(file.equals(Buffer.alloc(20_000, 7))).toBe(true)
  },
)

describe('the judge', () => {
  const partition = (...records: [number, string][]): PartitionContents => ({ records, lost: [] })
  const sound: Contents = {
    errors: {},
    read: { 'a[0]': partition([0, 'x'], [1, 'y'], [2, 'z']) },
    consumed: {},
    topics: ['a 1'],
    state: ['k=1'],
    counted: { 'c[0]': partition([0, 'k=1']) },
    problems: 0,
  }
  const reading = (contents: PartitionContents): Partial<Contents> => ({ read: { 'a[0]': contents } })

  test.each<[string, Partial<Contents>, string]>([
    ['nothing', {}, 'harmless'],
    [
      'an error that stands for what is missing',
      reading({
        records: [
          [0, 'x'],
          [2, 'z'],
        ],
        lost: [[1, 1]],
      }),
      'error',
    ],
    ['an error that stands for less than is missing', reading({ records: [[0, 'x']], lost: [[1, 1]] }), 'absent'],
    ['a record of another place', reading(partition([0, 'x'], [1, 'z'], [2, 'z'])), 'wrong'],
    ['a record twice', reading(partition([0, 'x'], [1, 'y'], [1, 'y'], [2, 'z'])), 'wrong'],
    ['a record that is missing', reading(partition([0, 'x'], [2, 'z'])), 'absent'],
    ['a topic that is missing', { topics: [] }, 'wrong'],
    ['another row of the store', { state: ['k=2'] }, 'wrong'],
    ['another output', { counted: { 'c[0]': partition([0, 'k=2']) } }, 'wrong'],
    ['a verification that does not end', { errors: { verify: 'damaged' } }, 'verify'],
    [
      'a log that does not open',
      { errors: { open: 'damaged' }, read: {}, counted: {}, topics: undefined, state: undefined },
      'error',
    ],
  ])('of %s', (_, found, outcome) => {
    expect(judge(sound, { ...sound, ...found }, false).outcome).toBe(outcome)
  })

  test('of rows of state that are wrong because of the state says so', () => {
    expect(judge(sound, { ...sound, state: [], problems: 1 }, true).outcome).toBe('state')
    expect(judge(sound, { ...sound, state: [], problems: 0 }, true).outcome).toBe('missed')
  })
})
