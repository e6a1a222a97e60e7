// An operator that is added to an application which has read its topics says that it has not seen what was read.
import { string, topic } from 'millrace'
import { describe, expect, onTestFinished, test } from 'vitest'
import { start } from '../support/applications.ts'
import { type OpenedLog, openTestLog } from '../support/open.ts'
import { input, output, type Script, topologyOf } from '../support/topology.ts'

const other = topic('other', { key: string(), value: string() })

const counting: Script = (builder) => builder.stream(input).groupByKey().count({ name: 'old' })
const withValues: Script = (builder) => {
  const stream = builder.stream(input)
  stream.groupByKey().count({ name: 'old' })
  stream.groupBy(({ value }) => value, { key: string(), name: 'by-value' }).count({ name: 'new' })
}

/** The warnings of one start. */
async function warnings({ log }: OpenedLog, script: Script, options: object = {}): Promise<readonly string[]> {
  const told: string[] = []
  const listen = (warning: Error & { code?: string }): void => {
    if (warning.code === 'MILLRACE_STARTS_WITHOUT_HISTORY') told.push(warning.message)
  }
  process.on('warning', listen)
  onTestFinished(() => void process.off('warning', listen))
  const app = await start(log, topologyOf(script), options)
  await app.caughtUp()
  await app.close()
  await new Promise(setImmediate)
  process.off('warning', listen)
  return told
}

async function opened(): Promise<OpenedLog> {
  const log = openTestLog()
  await log.log.producer().send(input, { key: 'a', value: 'x' })
  return log
}

describe('a start warns', () => {
  test('of what is new and keeps something, with the way to give it the history, and once', async () => {
    const log = await opened()
    expect(await warnings(log, counting)).toEqual([])
    const [told, ...more] = await warnings(log, withValues)
    expect(told).toMatch(/application "app": "new" begins with the next record.*replay\(\)/)
    expect(more).toEqual([])
    expect(await warnings(log, withValues)).toEqual([])
  })

  test('of what was dropped and is there again', async () => {
    const log = await opened()
    const counted = (size: 'count' | 'reduce'): Script => {
      return (builder) => {
        const grouped = builder.stream(input).groupByKey()
        return size === 'count' ? grouped.count({ name: 'x' }) : grouped.reduce((left) => left, { name: 'x' })
      }
    }
    await warnings(log, counted('count'))
    expect(await warnings(log, counted('reduce'), { drop: ['x'] })).toHaveLength(1)
  })
})

describe('a start does not warn', () => {
  test('where nothing was read yet', async () => {
    const log = openTestLog()
    await warnings(log, counting)
    expect(await warnings(log, withValues)).toEqual([])
  })

  test('of what comes after a topic that is new, nor of what keeps nothing', async () => {
    const log = await opened()
    await log.log.producer().send(other, { key: 'a', value: 'x' })
    await warnings(log, counting)
    const more: Script = (builder) => {
      const stream = builder.stream(input)
      stream.groupByKey().count({ name: 'old' })
      stream.filter(() => true).to(output)
      builder.stream(other).groupByKey().count({ name: 'of-other' })
    }
    expect(await warnings(log, more)).toEqual([])
  })

  test('of what got another name', async () => {
    const log = await opened()
    await warnings(log, counting)
    const renamed: Script = (builder) => builder.stream(input).groupByKey().count({ name: 'again' })
    expect(await warnings(log, renamed, { rename: { old: 'again' } })).toEqual([])
  })
})
