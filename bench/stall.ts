/**
 * `npm run bench:stall`: how long a producer waits for its commit while the log is cleaned, by its own process and by another;
 * and how long the event loop of a process that sends is held up by another that commits 30 MB at a time.
 *
 * One record is sent after the other, each awaited; what is slower than without cleaning is the stall. Cleaned are a topic
 * of limited size, which loses nearly all of its batches, and a compacted one, of which one record in a hundred stays.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Log, openLog, string, topic } from '../src/index.ts'

const { values } = parseArgs({
  options: {
    mebibytes: { type: 'string', default: '200' },
    dir: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
const mebibyte = 1_048_576
const text = { key: string(), value: string() }
const ring = topic('ring', { ...text, retentionBytes: mebibyte })
const table = topic('table', { ...text, cleanupPolicy: 'compact' })
const probes = topic('probes', text)
const bulk = topic('bulk', { ...text, retentionBytes: mebibyte })

if (values.dir === undefined) await measure()
else await (values.write ? writeInto(values.dir) : cleanFor(values.dir))

/** The other process. */
async function cleanFor(dir: string): Promise<void> {
  const log = await openLog(dir, { maintenance: false })
  await log.admin.runMaintenance()
  await log.close()
}

/** The other process, when it writes. */
async function writeInto(dir: string): Promise<void> {
  const log = await openLog(dir, { maintenance: false })
  const producer = log.producer()
  const records = Array.from({ length: 3_000 }, (_, index) => ({ key: `${index}`, value: 'x'.repeat(10_000) }))
  for (let sent = 0; sent < 12; sent++) await producer.sendMany(bulk, records)
  await log.close()
}

async function measure(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-stall-'))
  const log = await openLog(dir, { maintenance: false })
  print('no cleaning', await probe(log, pause(3_000)))
  for (const name of ['retention', 'compaction'] as const) {
    await fill(log, name)
    print(`${name}, own process`, await probe(log, log.admin.runMaintenance()))
    await fill(log, name)
    const args = ['--import', 'tsx', fileURLToPath(import.meta.url), '--dir', dir]
    print(
      `${name}, another process`,
      await probe(log, once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit')),
    )
  }
  const aloneMs = await loopDelayMs(log, pause(3_000))
  const args = ['--import', 'tsx', fileURLToPath(import.meta.url), '--dir', dir, '--write']
  const besideMs = await loopDelayMs(log, once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit'))
  console.log(
    `event loop of a sender        p99 ms: alone ${aloneMs.toFixed(1)}  beside a writer ${besideMs.toFixed(1)}  ratio ${(besideMs / aloneMs).toFixed(2)}`,
  )
  await log.close()
  rmSync(dir, { recursive: true })
}

/** How late the event loop is, at the 99th percentile, while one record is sent every few ms. */
async function loopDelayMs(log: Log, work: Promise<unknown>): Promise<number> {
  const state = { isOver: false }
  const ended = work.finally(() => {
    state.isOver = true
  })
  const producer = log.producer()
  await producer.send(probes, { key: 'probe', value: 'first' })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  while (!state.isOver) {
    await producer.send(probes, { key: 'probe', value: 'x'.repeat(100) })
    await pause(5)
  }
  delay.disable()
  await ended
  await producer.close()
  return delay.percentile(99) / 1e6
}

async function fill(log: Log, what: 'retention' | 'compaction'): Promise<void> {
  const producer = log.producer()
  const value = 'x'.repeat(what === 'retention' ? 100_000 : 100)
  const perSend = Math.floor((8 * mebibyte) / value.length)
  for (let sent = 0; sent < Number(values.mebibytes); sent += 8) {
    const records = Array.from({ length: perSend }, (_, index) => ({ key: `${index % (perSend / 100)}`, value }))
    await producer.sendMany(what === 'retention' ? ring : table, records)
  }
  await producer.close()
}

/** The latencies of sends until the work is over, ms. */
async function probe(log: Log, work: Promise<unknown>): Promise<number[]> {
  const state = { isOver: false }
  const ended = work.finally(() => {
    state.isOver = true
  })
  const producer = log.producer()
  const latencies: number[] = []
  while (!state.isOver) {
    const startedMs = performance.now()
    await producer.send(probes, { key: 'probe', value: 'x'.repeat(100) })
    latencies.push(performance.now() - startedMs)
  }
  await ended
  await producer.close()
  return latencies.sort((a, b) => a - b)
}

function print(what: string, latencies: readonly number[]): void {
  const at = (share: number): string => (latencies[Math.floor(share * (latencies.length - 1))] as number).toFixed(1)
  console.log(
    `${what.padEnd(28)} sends ${String(latencies.length).padStart(6)}  ms: p50 ${at(0.5)}  p99 ${at(0.99)}  worst ${at(1)}`,
  )
}
