// How an application ends: by its user, by a signal, by a failure; and who hears of it.
import { type ApplicationState, int64, keyValueStore, ManualClock, string } from 'millrace'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { MillraceError } from '../../src/core/errors.ts'
import { start, until } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { startProgram } from '../support/program.ts'
import { rejectionOf } from '../support/thrown.ts'
import { input, output, topologyOf } from '../support/topology.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })
const counting = topologyOf((builder) => {
  const stream = builder.stream(input)
  stream.to(output)
  stream.groupByKey().count({ store: counts })
})
const failing = topologyOf((builder) => {
  const stream = builder.stream(input)
  stream.to(output)
  stream.foreach(({ value }) => {
    if (value === 'bad') throw new Error('not this one')
  })
})
const record = { key: 'a', value: 'x', timestamp: 1 }
const bad = { key: 'a', value: 'bad', timestamp: 1 }

describe('close', () => {
  test('tells of a disk that fails while the end of the application is recorded', async () => {
    const { log, embedded } = openTestLog()
    const app = await start(log, counting)
    await log.producer().sendMany(input, [record])
    await app.caughtUp()
    const full = new MillraceError('storage_failed', 'the disk is full')
    vi.spyOn(embedded.environment, 'writeInTurn').mockImplementation(() => {
      throw full
    })
    expect(await rejectionOf(app.close())).toBe(full)
    expect(app.state).toBe('failed')
  })

  test('commits what is done, then stopped resolves', async () => {
    const { log } = openTestLog()
    const app = await start(log, counting, { clock: new ManualClock(), commit: { everyMs: 1_000_000 } })
    await log.producer().sendMany(input, [record, record])
    await until(() => app.metrics().eventTime === 1 && app.metrics().lag === 0)
    expect(await log.admin.endOffsets(output)).toEqual([0])
    await app.close()
    await app.stopped
    expect(app.state).toBe('closed')
    expect(await log.admin.endOffsets(output)).toEqual([2])
    expect(app.store(counts).get('a')).toBe(2)
  })

  test('closes the processors after the last commit, each once, and tells of one that cannot', async () => {
    const closed: string[] = []
    const closing = topologyOf((builder) => {
      const stream = builder.stream(input)
      for (const name of ['one', 'two']) {
        stream.process(
          (context) => ({
            process: (given) => context.forward(given),
            close: () => {
              closed.push(name)
              if (name === 'one') throw new Error('it is stuck')
            },
          }),
          { name },
        )
      }
      stream.to(output)
    })
    const { log } = openTestLog()
    const app = await start(log, closing, { clock: new ManualClock(), commit: { everyMs: 1_000_000 } })
    await log.producer().sendMany(input, [record])
    await until(() => app.metrics().eventTime === 1)
    expect(closed).toEqual([])
    expect(await rejectionOf(app.close())).toMatchObject({ code: 'user_function_threw', operator: 'one' })
    expect(closed).toEqual(['one', 'two'])
    expect(app.state).toBe('failed')
    expect(await log.admin.endOffsets(output)).toEqual([1])
  })

  test('closes the processors of an application that fails', async () => {
    let closed = 0
    const closing = topologyOf((builder) =>
      builder.stream(input).process(() => ({
        process: () => {
          throw new Error('not this one')
        },
        close: () => void closed++,
      })),
    )
    const { log } = openTestLog()
    const app = await start(log, closing)
    await log.producer().send(input, record)
    expect(await rejectionOf(app.stopped)).toMatchObject({ code: 'user_function_threw' })
    expect(closed).toBe(1)
  })

  test('before the first record stops before it', async () => {
    const { log } = openTestLog()
    await log.producer().send(input, record)
    const app = await start(log, counting)
    await app.close()
    expect(await log.admin.endOffsets(output)).toEqual([0])
  })

  test('may be called twice, and is what a disposal does', async () => {
    const { log } = openTestLog()
    const app = await start(log, counting)
    await Promise.all([app.close(), app.close()])
    await app.close()
    const other = await start(log, counting)
    await other[Symbol.asyncDispose]()
    expect(other.state).toBe('closed')
  })

  test('does nothing after a failure, which stopped tells', async () => {
    const { log } = openTestLog()
    await log.producer().send(input, bad)
    const app = await start(log, failing)
    await rejectionOf(app.stopped)
    await app.close()
    expect(app.state).toBe('failed')
  })
})

describe('a failure', () => {
  test('commits nothing of its batch, and says where it happened', async () => {
    const { log } = openTestLog()
    await log.producer().sendMany(input, [record, record, bad, record])
    const app = await start(log, failing)
    expect(await rejectionOf(app.stopped)).toMatchObject({
      code: 'user_function_threw',
      operator: 'foreach-1',
      topic: 'input',
      partition: 0,
      offset: 2,
      message: 'input[0] offset 2: a function of foreach-1 threw: not this one',
      cause: { message: 'not this one' },
    })
    expect(app.state).toBe('failed')
    expect(await log.admin.endOffsets(output)).toEqual([0])
  })

  test('keeps what was committed before, and happens again at the next start', async () => {
    const { log } = openTestLog()
    await log.producer().sendMany(input, [record, record, bad, record])
    for (let i = 0; i < 3; i++) {
      const app = await start(log, failing, { commit: { everyRecords: 1 } })
      expect(await rejectionOf(app.stopped)).toMatchObject({ offset: 2 })
      expect(await log.admin.endOffsets(output)).toEqual([2])
    }
    const app = await start(log, failing, { onError: 'skip' })
    await app.caughtUp()
    expect(await log.admin.endOffsets(output)).toEqual([3])
  })

  test.each([
    ['nobody', 1, 'user_function_threw'],
    ['stopped', 0, 'heard user_function_threw'],
    ['caughtUp', 0, 'heard user_function_threw'],
  ])('that %s looks at ends its process with %i', async (listener, code, line) => {
    const program = startProgram('fail-at-once', [temporaryDirectory(), listener])
    expect(await program.line()).toBe('started')
    const lines = await program.restOfLines()
    expect((await program.exited).code).toBe(code)
    const told = [...lines, program.errors].join('\n')
    expect(told).toContain(line)
    expect(told.includes('still alive')).toBe(code === 0)
  })
})

describe('a signal', () => {
  test('closes the application', async () => {
    const { log } = openTestLog()
    const controller = new AbortController()
    await log.producer().send(input, record)
    const app = await start(log, counting, { signal: controller.signal })
    await app.caughtUp()
    controller.abort()
    await app.stopped
    expect(app.state).toBe('closed')
    expect(app.store(counts).get('a')).toBe(1)
  })

  test('that has come before the start closes it at once', async () => {
    const { log } = openTestLog()
    const app = await start(log, counting, { signal: AbortSignal.abort() })
    await app.stopped
    expect(app.state).toBe('closed')
  })

  test('has no effect after the end', async () => {
    const { log } = openTestLog()
    const controller = new AbortController()
    const app = await start(log, counting, { signal: controller.signal })
    await app.close()
    controller.abort()
    expect(app.state).toBe('closed')
  })
})

describe('onStateChange', () => {
  test('hears of every change, in order', async () => {
    const { log } = openTestLog()
    const states: ApplicationState[] = []
    const app = await start(log, counting, { onStateChange: (state) => states.push(state) })
    expect(app.state).toBe('running')
    await app.close()
    expect(states).toEqual(['closing', 'closed'])
  })

  test('hears of a failure', async () => {
    const { log } = openTestLog()
    const states: ApplicationState[] = []
    await log.producer().send(input, bad)
    const app = await start(log, failing, { onStateChange: (state) => states.push(state) })
    await rejectionOf(app.stopped)
    expect(states).toEqual(['failed'])
  })

  test('that throws changes nothing for the others', async () => {
    const { log } = openTestLog()
    await log.producer().send(input, record)
    const throwing = await start(log, counting, {
      onStateChange: () => {
        throw new Error('from the listener')
      },
    })
    await throwing.caughtUp()
    await throwing.close()
    await throwing.stopped
    expect(throwing.state).toBe('closed')

    await log.producer().send(input, bad)
    const failed = await start(log, failing, {
      applicationId: 'other',
      onStateChange: () => {
        throw new Error('from the listener')
      },
    })
    expect(await rejectionOf(failed.stopped)).toMatchObject({ code: 'user_function_threw' })
  })

  test('that is asynchronous and fails is told as a warning, and changes nothing', async () => {
    const { log } = openTestLog()
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    onTestFinished(() => warned.mockRestore())
    const listen: () => unknown = () => Promise.reject(new Error('from later'))
    const app = await start(log, counting, { onStateChange: listen })
    await app.close()
    await until(() => warned.mock.calls.length === 2)
    expect(warned).toHaveBeenCalledWith('onStateChange of application "app" threw: from later')
    expect(app.state).toBe('closed')
  })
})
