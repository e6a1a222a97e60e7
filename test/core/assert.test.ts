// What millrace takes for granted is an error of its own when it is not so, never a wrong value that goes on.
import { expect, test } from 'vitest'
import { assert, present } from '../../src/core/assert.ts'
import { errorOf } from '../support/thrown.ts'

test('a claim that holds changes nothing', () => {
  expect(() => assert(true, 'one is one')).not.toThrow()
  expect(present(0, 'a number')).toBe(0)
  expect(present(null, 'null is a value')).toBeNull()
})

test('a claim that does not hold is a defect, told with the claim', () => {
  const expected = { code: 'defect', message: expect.stringContaining('every lane has a head') }
  expect(errorOf(() => assert(false, 'every lane has a head'))).toMatchObject(expected)
  expect(errorOf(() => present(undefined, 'every lane has a head'))).toMatchObject(expected)
})
