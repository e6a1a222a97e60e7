// A chain against a list that does the same slowly.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Chain, type Link } from '../../src/runtime/chain.ts'

test('things come last, leave from anywhere, and are told in order', () => {
  const steps = fc.array(
    fc.record({ what: fc.constantFrom('add', 'add', 'add', 'remove', 'shift', 'pop', 'clear'), which: fc.nat() }),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(steps, (taken) => {
      const chain = new Chain<number>()
      const links: Link<number>[] = []
      for (const [at, { what, which }] of taken.entries()) {
        if (what === 'add') links.push(chain.add(at))
        else if (what === 'remove') {
          for (const link of links.splice(which % Math.max(1, links.length), 1)) chain.remove(link)
        } else if (what === 'clear') {
          chain.clear()
          links.length = 0
        } else {
          const expected = what === 'shift' ? links.shift() : links.pop()
          expect(what === 'shift' ? chain.shift() : chain.pop()).toBe(expected?.item)
        }
        const items = links.map(({ item }) => item)
        expect([...chain]).toEqual(items)
        expect([...chain.backwards()]).toEqual(items.toReversed())
        expect([chain.size, chain.first]).toEqual([items.length, items[0]])
      }
    }),
  )
})

test('what has left keeps nothing that came after it', () => {
  const chain = new Chain<string>()
  const links = ['a', 'b', 'c'].map((item) => chain.add(item))
  for (const link of links) chain.remove(link)
  expect(links.map(({ before, after }) => [before, after])).toEqual(links.map(() => [undefined, undefined]))
})
