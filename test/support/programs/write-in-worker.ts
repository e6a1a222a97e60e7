// Commits to a directory in a worker thread, one row after the other, for as long as it lives.
//
// Its first argument is the directory, the second what to do: `terminate` with a number of rounds terminates a worker in each of
// them, at some moment of its opening or its writing, and commits a row itself; `exit` ends the process while the worker writes.
import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { Environment } from '../../../src/storage/environment.ts'

const [, , dir = '', what = '', count = ''] = process.argv

function commit(environment: Environment, row: string): void {
  environment.write((transaction) => {
    transaction.put('meta', Buffer.from(row), Buffer.from(row))
    transaction.put('batches', Buffer.alloc(16, row), Buffer.alloc(20_000))
    transaction.remove('batches', Buffer.alloc(16, row))
  })
}

function startWorker(): Worker {
  return new Worker(new URL(import.meta.url), { workerData: dir })
}

/** Lets the worker go on for a while, which differs from round to round. */
async function turns(number: number): Promise<void> {
  for (let turn = 0; turn < number; turn++) await setImmediate()
}

if (!isMainThread) {
  parentPort?.postMessage('begun')
  const environment = Environment.openNow(workerData as string)
  commit(environment, 'worker 0')
  parentPort?.postMessage('open')
  for (let n = 1; ; n++) commit(environment, `worker ${n}`)
} else if (what === 'exit') {
  const worker = startWorker()
  await once(worker, 'message')
  await once(worker, 'message')
  await turns(Number(count))
  process.exit(0)
} else {
  const environment = Environment.openNow(dir)
  for (let round = 0; round < Number(count); round++) {
    const worker = startWorker()
    await once(worker, 'message')
    if (round % 2 === 0) await once(worker, 'message')
    await turns((round * 37) % 200)
    await worker.terminate()
    commit(environment, `main ${round}`)
    console.log(round)
  }
  await environment.close()
}
