// After a failed commit nothing is known about the disk: nothing of it is kept, and all further work is refused.
import { describe, expect, onTestFinished, test } from 'vitest'
import { Environment } from '../../src/storage/environment.ts'
import { keyBytesMax } from '../../src/storage/keys.ts'
import { openEnvironment } from '../support/open.ts'
import { startProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { errorOf } from '../support/thrown.ts'

const key = Buffer.from('key')

describe('after a write that storage refused', () => {
  const poisoned = (): { readonly environment: Environment; readonly failure: unknown } => {
    // With small pages LMDB refuses keys that are taken otherwise.
    const environment = Environment.openNow(temporaryDirectory(), { pageSizeBytes: 4_096 })
    onTestFinished(() => environment.close())
    environment.write((transaction) => transaction.put('state', key, Buffer.from('before')))
    let failure: unknown
    try {
      environment.write((transaction) => {
        transaction.put('state', key, Buffer.from('after'))
        transaction.put('state', Buffer.alloc(keyBytesMax, 1), key)
      })
    } catch (error) {
      failure = error
    }
    return { environment, failure }
  }

  test('the error says what happened, where, and what to do', () => {
    const { environment, failure } = poisoned()
    expect(failure).toMatchObject({ code: 'storage_failed', cause: expect.any(Error) })
    expect(String(failure)).toContain(environment.dir)
    expect(String(failure)).toContain('maximum key size')
    expect(String(failure)).toContain('start the process again')
  })

  test('everything later throws that same error', () => {
    const { environment, failure } = poisoned()
    const later: readonly (() => unknown)[] = [
      () => environment.write(() => 1),
      () => environment.get('state', key),
      () => environment.range('state', Buffer.of(0), Buffer.of(255), 1),
      () => environment.lastBefore('state', Buffer.of(0), Buffer.of(255)),
      () => environment.refresh(),
      () => environment.onCommit(() => undefined),
    ]
    for (const attempt of later) expect(attempt).toThrow(failure)
  })

  test('it can be closed, and a new start continues from the last commit', async () => {
    const { environment } = poisoned()
    await environment.close()
    expect(openEnvironment(environment.dir).get('state', key)?.toString()).toBe('before')
  })
})

test('the longest key that is documented is taken; a longer one is refused with its transaction, and nothing else is', () => {
  const environment = openEnvironment()
  const longest = Buffer.alloc(keyBytesMax, 7)
  environment.write((transaction) => transaction.put('state', longest, key))
  expect(environment.get('state', longest)?.equals(key)).toBe(true)
  const longer = Buffer.alloc(keyBytesMax + 1, 7)
  const refusal = errorOf(() =>
    environment.write((transaction) => {
      transaction.put('state', key, key)
      transaction.put('state', longer, key)
    }),
  )
  expect(refusal).toMatchObject({ code: 'bad_option', message: expect.stringContaining('4027 bytes is too long') })
  expect(environment.get('state', key)).toBeUndefined()
  environment.write((transaction) => {
    transaction.remove('state', longer)
    transaction.put('state', key, longest)
  })
  expect(environment.get('state', key)?.equals(longest)).toBe(true)
  expect(environment.get('state', longer)).toBeUndefined()
})

test('a full disk stops the writer, and what was committed before it is there', async () => {
  const dir = temporaryDirectory()
  const program = startProgram('write-until-full', [dir], { fileKilobytesMax: 2_000 })
  const { committed, outcome, later } = JSON.parse(await program.line()) as {
    readonly committed: number
    readonly outcome: string
    readonly later: Readonly<Record<string, string>>
  }
  expect(committed).toBeGreaterThan(5)
  expect(outcome).toMatch(/^storage_failed: /)
  expect(later).toEqual({ write: outcome, get: outcome, refresh: outcome })
  expect(await program.exited).toEqual({ code: 0, signal: null })

  const environment = openEnvironment(dir)
  const rows = (database: 'meta' | 'groups'): number =>
    environment.range(database, Buffer.from('row '), Buffer.from('row~'), 1_000).length
  expect([rows('meta'), rows('groups')]).toEqual([committed, committed])
  environment.write((transaction) => transaction.put('state', key, Buffer.alloc(100_000)))
})
