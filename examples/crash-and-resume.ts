/**
 * kill -9: a child process counts, is killed at random moments and started again; no update is lost or there twice.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { int64, openLog, startStreams, StreamsBuilder, topic } from 'millrace'

const dir = './data/crash-and-resume'
const numbers = topic('numbers', { key: int64(), value: int64() })
const counts = topic('counts', { key: int64(), value: int64() })

if (process.argv[2] === 'child') await count()
else await killAndCheck()

/** Counts the numbers by their last digit, from the last commit on. */
async function count(): Promise<void> {
  const builder = new StreamsBuilder()
  const digits = builder.stream(numbers).groupBy(({ value }) => value % 10, { key: int64() })
  digits.count().toStream().to(counts)

  await using log = await openLog(dir)
  await using app = await startStreams(builder.build(), { log, applicationId: 'count', commit: { everyRecords: 50 } })
  await app.caughtUp()
}

async function killAndCheck(): Promise<void> {
  await rm(dir, { recursive: true, force: true }) // so that every run begins anew; a real program keeps its log
  await using log = await openLog(dir)
  const input = Array.from({ length: 50_000 }, (_, n) => ({ key: n, value: n * n }))
  await log.producer().sendMany(numbers, input)
  await log.admin.createTopic(counts)

  const random = (): number => Math.random() * 20_000
  for (const fatalUpdate of [random(), 20_000 + random(), Infinity]) {
    const child = spawn(process.execPath, [...process.execArgv, import.meta.filename, 'child'], { stdio: 'inherit' })
    const exit = once(child, 'exit')
    const exited = new AbortController()
    child.once('exit', () => exited.abort())
    for await (const { offset } of log.read(counts, { follow: true, signal: exited.signal })) {
      if (offset >= fatalUpdate) child.kill('SIGKILL')
    }
    const [code, signal] = await exit
    const [updates] = await log.admin.endOffsets(counts)
    console.error(`${signal ?? `exit ${code}`} after ${updates} updates`)
  }

  const last = new Map<number, number>()
  for await (const { key, value } of log.read(counts)) {
    assert.equal(value, (last.get(key) ?? 0) + 1)
    last.set(key, value)
  }
  const [updates] = await log.admin.endOffsets(counts)
  assert.equal(updates, input.length)
  for (const [digit, squares] of last) console.log(`${squares} squares end in ${digit}`)
}
