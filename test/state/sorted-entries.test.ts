// Entries stay sorted however many there are, and every neighbour is found from any text.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SortedEntries } from '../../src/state/sorted-entries.ts'

interface Entry {
  readonly text: string
  readonly version: number
}

const texts = fc.string({ unit: fc.constantFrom('\0', '\u0001', 'a', 'b', '\u00FE', '\u00FF'), maxLength: 5 })

test('entries are found as in a sorted list', () => {
  const acts = fc.array(fc.tuple(fc.boolean(), texts), { minLength: 0, maxLength: 2_000, size: 'max' })
  fc.assert(
    fc.property(acts, fc.array(texts, { maxLength: 20 }), (list, asked) => {
      const entries = new SortedEntries<Entry>()
      const model = new Map<string, Entry>()
      for (const [version, [isAdded, text]] of list.entries()) {
        const entry = { text, version }
        if (isAdded || version % 4 > 0) {
          entries.add(entry)
          model.set(text, entry)
        } else {
          entries.delete(text)
          model.delete(text)
        }
      }
      const sorted = [...model.values()].toSorted((left, right) => (left.text < right.text ? -1 : 1))
      const walked: Entry[] = []
      for (let entry = entries.from(''); entry !== undefined; entry = entries.after(entry.text)) walked.push(entry)
      expect(walked).toEqual(sorted)
      expect(entries.last).toBe(sorted.at(-1))
      for (const text of [...asked, ...list.slice(-5).map(([, used]) => used)]) {
        expect(entries.from(text)).toBe(sorted.find((entry) => entry.text >= text))
        expect(entries.after(text)).toBe(sorted.find((entry) => entry.text > text))
        expect(entries.before(text)).toBe(sorted.findLast((entry) => entry.text < text))
      }
      entries.clear()
      expect(entries.last).toBeUndefined()
    }),
    { numRuns: 30 },
  )
})
