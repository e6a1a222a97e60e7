// Registers the contract of the log as tests of one implementation: README.md.
import { describe, expect, test } from 'vitest'
import { contract } from './contract.ts'
import { hold, type Implementation, wrongExceptions } from './implementation.ts'

export function describeLogContract(implementation: Implementation): void {
  const { name, exceptions = {} } = implementation
  const promises = Object.keys(contract)
  describe(`${name}: ${promises.length} promises, ${Object.keys(exceptions).length} exceptions`, () => {
    test('every exception names a promise and has a reason', () => {
      expect(wrongExceptions(contract, implementation)).toEqual([])
    })

    for (const promise of promises) {
      const reason = exceptions[promise]
      test(reason === undefined ? promise : `${promise} (not kept: ${reason})`, () =>
        hold(contract, promise, implementation),
      )
    }
  })
}
