// The channels of diagnostics: typed, over those of Node, and a listener that fails harms no one.
import { channel, hasSubscribers, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { diagnostics } from 'millrace'
import { expect, onTestFinished, test } from 'vitest'
import { isHeard, publish } from '../../src/core/diagnostics.ts'
import { turns } from '../support/applications.ts'
import { errorOf } from '../support/thrown.ts'
import { call } from '../support/untyped.ts'

const closed = { applicationId: 'app', version: 'v1' }

function warningsOf(): readonly string[] {
  const told: string[] = []
  const onWarning = ({ message }: Error): void => void told.push(message)
  process.on('warning', onWarning)
  onTestFinished(() => void process.off('warning', onWarning))
  return told
}

test('a listener hears each event until it stops; without one no one is heard', () => {
  const heard: unknown[] = []
  expect(isHeard('millrace:close')).toBe(false)
  const stop = diagnostics.subscribe('millrace:close', (event) => heard.push(event))
  expect(isHeard('millrace:close')).toBe(true)
  expect(isHeard('millrace:start')).toBe(false)
  publish('millrace:close', closed)
  stop()
  stop()
  publish('millrace:close', closed)
  expect(heard).toEqual([closed])
  expect(isHeard('millrace:close')).toBe(false)
})

test('the same function may listen twice, and stop once', () => {
  let count = 0
  const listener = (): number => ++count
  const [stopFirst, stopSecond] = [1, 2].map(() => diagnostics.subscribe('millrace:close', listener))
  publish('millrace:close', closed)
  stopFirst?.()
  publish('millrace:close', closed)
  stopSecond?.()
  publish('millrace:close', closed)
  expect(count).toBe(3)
})

test('a listener that stops inside of its call takes no event from the others, and hears none itself', async () => {
  const heard: string[] = []
  const once = diagnostics.subscribe('millrace:close', () => {
    heard.push('once')
    once()
    publish('millrace:close', closed)
  })
  const stops = ['second', 'third'].map((name) => diagnostics.subscribe('millrace:close', () => heard.push(name)))
  publish('millrace:close', closed)
  expect(heard).toEqual(['once', 'second', 'third', 'second', 'third'])
  for (const stop of stops) stop()
  await turns(1)
  expect(isHeard('millrace:close')).toBe(false)
})

test('one that stops another spares it the event that is being told', async () => {
  let count = 0
  const stops: (() => void)[] = []
  stops.push(diagnostics.subscribe('millrace:close', () => stops[1]?.()))
  stops.push(diagnostics.subscribe('millrace:close', () => ++count))
  publish('millrace:close', closed)
  expect(count).toBe(0)
  stops[0]?.()
  await turns(1)
  expect(isHeard('millrace:close')).toBe(false)
})

test('Node sees the same channels, under the names that are listed', () => {
  const heard: unknown[] = []
  const listener = (event: unknown, name: unknown): void => void heard.push([name, event])
  for (const name of diagnostics.names) subscribe(name, listener)
  onTestFinished(() => {
    for (const name of diagnostics.names) unsubscribe(name, listener)
  })
  publish('millrace:close', closed)
  expect(heard).toEqual([['millrace:close', closed]])
  expect(diagnostics.names).toHaveLength(9)
  for (const name of diagnostics.names) expect(hasSubscribers(name)).toBe(true)
  expect(channel('millrace:close').hasSubscribers).toBe(true)
})

test('a listener that throws or rejects becomes a warning; the others hear the event', async () => {
  const warnings = warningsOf()
  let count = 0
  const stops = [
    diagnostics.subscribe('millrace:close', () => {
      throw new Error('no disk for logs')
    }),
    diagnostics.subscribe('millrace:close', () => Promise.reject(new Error('no network'))),
    diagnostics.subscribe('millrace:close', () => ++count),
  ]
  publish('millrace:close', closed)
  for (const stop of stops) stop()
  await turns(3)
  expect(count).toBe(1)
  expect(warnings).toEqual([
    'a listener of millrace:close threw: no disk for logs',
    'a listener of millrace:close threw: no network',
  ])
})

test('a channel that there is not, and a listener that is no function, are refused', () => {
  expect(errorOf(() => call(diagnostics, 'subscribe', 'millrace:comit', () => 0))).toMatchObject({
    code: 'bad_option',
    message: expect.stringContaining('"millrace:commit"'),
  })
  expect(errorOf(() => call(diagnostics, 'subscribe', 'millrace:commit', 'log'))).toMatchObject({ code: 'bad_option' })
})
