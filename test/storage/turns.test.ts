// Who writes in turn waits for the commits of other processes without blocking anything: the event loop goes on, the order of
// the calls is kept, and whatever ends the log ends the waiting.
import { closeSync, openSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setImmediate as turn, setTimeout as timer } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { Environment } from '../../src/storage/environment.ts'
import { isCommitting } from '../../src/storage/lookout.ts'
import { LockHolder } from '../support/lock-holder.ts'
import { openEnvironment } from '../support/open.ts'
import { startProgram } from '../support/program.ts'

const key = (name: string): Buffer => Buffer.from(name)

const put = (environment: Environment, name: string): string | Promise<string> =>
  environment.writeInTurn((transaction) => {
    transaction.put('meta', key(name), key(name))
    return name
  })

/** Two that wait, and how they end. */
const twoOf = (environment: Environment): Promise<PromiseSettledResult<string>[]> =>
  Promise.allSettled(['a', 'b'].map(async (name) => put(environment, name)))

async function heldByAnother(): Promise<{ readonly environment: Environment; readonly holder: LockHolder }> {
  const environment = openEnvironment()
  const holder = await LockHolder.of(environment.dir)
  await holder.take()
  return { environment, holder }
}

describe('a write in turn', () => {
  test('is done when the call returns, when nobody else commits', () => {
    const environment = openEnvironment()
    expect(put(environment, 'one')).toBe('one')
    expect(environment.get('meta', key('one'))?.toString()).toBe('one')
    expect(() =>
      environment.writeInTurn(() => {
        throw new Error('no')
      }),
    ).toThrow('no')
  })

  test('lets the event loop go on while another process commits', async () => {
    const { environment, holder } = await heldByAnother()
    const order: string[] = []
    const written = Promise.resolve(put(environment, 'one')).then((name) => order.push(name))
    for (let n = 0; n < 3; n++) {
      await timer(5)
      order.push('timer')
    }
    expect(environment.get('meta', key('one'))).toBeUndefined()
    await holder.release()
    await written
    expect(order).toEqual(['timer', 'timer', 'timer', 'one'])
    expect(environment.get('meta', key('one'))?.toString()).toBe('one')
    expect(environment.waitedMs).toBeGreaterThan(0)
  })

  test('comes in the order of the calls, and one that throws holds up nobody', async () => {
    const { environment, holder } = await heldByAnother()
    const order: string[] = []
    const written = ['a', 'b', 'c', 'd'].map((name) =>
      Promise.resolve(
        environment.inTurn(() => {
          order.push(name)
          if (name === 'b') throw new Error('no')
          environment.write((transaction) => transaction.put('meta', key(name), key(order.join(''))))
        }),
      ),
    )
    const ended = Promise.allSettled(written)
    await holder.release()
    const ends = await ended
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    expect(order.join('')).toBe('abcd')
    expect(environment.get('meta', key('d'))?.toString()).toBe('abcd')
  })

  test('ends with an error when the environment is closed, whoever waits', async () => {
    const { environment, holder } = await heldByAnother()
    const ended = twoOf(environment)
    await environment.close()
    for (const end of await ended) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'closed' } })
    await holder.release()
    expect(openEnvironment(environment.dir).get('meta', key('a'))).toBeUndefined()
  })

  test('ends with an error when the log fails, whoever waits', async () => {
    const { environment, holder } = await heldByAnother()
    const ended = twoOf(environment)
    rmSync(join(environment.dir, 'data.mdb'))
    await holder.release()
    for (const end of await ended) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'storage_failed' } })
  })

  test('gets its turn beside a process that never stops committing', async () => {
    const environment = openEnvironment()
    const other = startProgram('commit-in-turn', [environment.dir])
    expect(await other.line()).toBe('open')
    for (let n = 0; n < 20; n++) await put(environment, `ours ${n}`)
    other.say('enough')
    await other.exited
    environment.refresh()
    expect(environment.keys('meta', key('ours'), key('ours~'), 100)).toHaveLength(20)
    expect(environment.keys('meta', key('theirs'), key('theirs~'), 2).length).toBeGreaterThan(0)
  })
})

interface FileLocks {
  readonly tryLock: (file: number, offset: number, length: number, options: { readonly shared: boolean }) => boolean
}

test('an opening waits for one who stands still while it asks for writers, and holds up neither the event loop nor commits', async () => {
  const first = openEnvironment()
  const { dir } = first
  await first.close()
  const { tryLock } = createRequire(import.meta.url)('fs-native-extensions') as FileLocks
  const asking = openSync(join(dir, 'commit.lock'), 'r')
  expect(tryLock(asking, 2, 2 ** 47, { shared: true })).toBe(true)
  let isOpen = false
  const opening = Environment.open(dir).finally(() => (isOpen = true))
  for (let turns = 0; turns < 20; turns++) await turn()
  expect([isOpen, isCommitting(dir)]).toEqual([false, false])
  closeSync(asking)
  await (await opening).close()
})
