// Several processes may open one directory: each sees what the others commit, and hears of it.
import { afterEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { MillraceError } from '../../src/core/errors.ts'
import type { Environment } from '../../src/storage/environment.ts'
import { openEnvironment } from '../support/open.ts'
import { startProgram, type Program } from '../support/program.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** A directory that another process has open as well. */
async function shared(): Promise<{ readonly environment: Environment; readonly other: Program }> {
  const environment = openEnvironment()
  const other = startProgram('commit-on-request', [environment.dir])
  expect(await other.line()).toBe('open')
  return { environment, other }
}

const read = (environment: Environment, row: string): string | undefined =>
  environment.get('meta', Buffer.from(row))?.toString()

/** Resolves with a row once a commit brought it. */
function newsOf(environment: Environment, row: string): Promise<string> {
  return new Promise((resolve) => {
    const stop = environment.onCommit(() => {
      environment.refresh()
      const found = read(environment, row)
      if (found === undefined) return
      stop()
      resolve(found)
    })
  })
}

describe('a commit of another process', () => {
  test('is seen after a refresh', async () => {
    const { environment, other } = await shared()
    for (const row of ['one', 'two', 'three']) {
      other.say(row)
      expect(await other.line()).toBe(row)
      environment.refresh()
      expect(read(environment, row)).toBe(row)
    }
  })

  test('does not undo one of ours, nor ours one of it', async () => {
    const { environment, other } = await shared()
    for (let i = 0; i < 20; i++) {
      other.say(`theirs ${i}`)
      environment.write((transaction) => transaction.put('meta', Buffer.from(`ours ${i}`), Buffer.of(i)))
    }
    for (let i = 0; i < 20; i++) expect(await other.line()).toBe(`theirs ${i}`)
    environment.refresh()
    const rows = environment.range('meta', Buffer.from('ours'), Buffer.from('theirs~'), 100)
    expect(rows).toHaveLength(40)
  })

  test('wakes who waits for it', async () => {
    const { environment, other } = await shared()
    const seen = newsOf(environment, 'news')
    other.say('news')
    expect(await seen).toBe('news')
  })

  test('wakes who waits for it long before the slow poll does', async () => {
    const { environment, other } = await shared()
    const schedule = systemClock.schedule.bind(systemClock)
    const pollMs = 1_000
    vi.spyOn(systemClock, 'schedule').mockImplementation((delayMs, callback) =>
      delayMs < pollMs ? schedule(delayMs, callback) : () => undefined,
    )
    for (let i = 0; i < 20; i++) {
      const seen = newsOf(environment, `news ${i}`)
      other.say(`news ${i}`)
      expect(await seen).toBe(`news ${i}`)
    }
  })

  test('that is killed at its work does not keep the others from writing', async () => {
    const { environment, other } = await shared()
    for (let i = 0; i < 200; i++) other.say(`row ${i}`)
    await other.line()
    other.kill()
    await other.exited
    environment.write((transaction) => transaction.put('meta', Buffer.from('after'), Buffer.from('kill')))
    environment.refresh()
    expect(read(environment, 'after')).toBe('kill')
    expect(read(environment, 'row 0')).toBe('row 0')
  })
})

describe('a listener', () => {
  test('hears of every commit of its own process, at once, until it stops', () => {
    const environment = openEnvironment()
    let calls = 0
    const stop = environment.onCommit(() => calls++)
    const stopOther = environment.onCommit(() => undefined)
    environment.write((transaction) => transaction.put('meta', Buffer.from('a'), Buffer.of(1)))
    expect(calls).toBe(1)
    stop()
    stop()
    environment.write((transaction) => transaction.put('meta', Buffer.from('b'), Buffer.of(1)))
    expect(calls).toBe(1)
    stopOther()
  })

  test('does not hear of what was rolled back', () => {
    const environment = openEnvironment()
    let calls = 0
    const stop = environment.onCommit(() => calls++)
    const refusal = new MillraceError('bad_option', 'no')
    const write = (): void =>
      environment.write((transaction) => {
        transaction.put('meta', Buffer.from('a'), Buffer.of(1))
        throw refusal
      })
    expect(write).toThrow(refusal)
    expect(calls).toBe(0)
    stop()
  })
})
