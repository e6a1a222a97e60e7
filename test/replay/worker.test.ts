// A version is replayed in a worker thread while the live one goes on in the main thread, and goes on there as the live one.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { start, until } from '../support/applications.ts'
import { counting, wordCounts } from '../support/counted-words.ts'
import { openTestLog } from '../support/open.ts'
import { rejectionOf } from '../support/thrown.ts'
import { words } from '../support/topics.ts'

const word = { key: 'a', value: 'a', timestamp: 0 }

function startWorker(dir: string): Worker {
  const program = new URL('../support/programs/replay-in-worker.ts', import.meta.url).href
  const entrance = `import('tsx/esm/api').then(({ register }) => { register(); return import('${program}') })`
  const worker = new Worker(entrance, { eval: true, workerData: dir })
  onTestFinished(async () => void (await worker.terminate()))
  return worker
}

test('a replay in a worker thread follows the live version, and is switched to from outside', async () => {
  const { log, dir } = openTestLog()
  await log.producer().sendMany(words, [word, word])
  const old = await start(log, counting)
  await old.caughtUp()
  const worker = startWorker(dir)
  expect(await once(worker, 'message')).toEqual(['caught up'])
  await log.producer().send(words, word)
  await old.caughtUp()
  const states = (await log.admin.applications())[0]?.versions.map(({ version, state }) => `${version} ${state}`)
  expect(states).toEqual(['v1 running', 'v2 running'])
  await log.admin.switchVersion('app', 'v2', { outputs: 'replace' })
  expect(await rejectionOf(old.stopped)).toMatchObject({ code: 'superseded' })
  await log.producer().send(words, word)
  await until(() => log.store('app', wordCounts).get('a') === 4)
  worker.postMessage('close')
  expect(await once(worker, 'exit')).toEqual([0])
  expect((await log.admin.verify({ deep: true })).problems).toEqual([])
})
