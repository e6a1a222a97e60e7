// A member of the group `g` on the topic `words` in a worker thread: it posts what it reads, and closes when it is told to.
import { parentPort, workerData } from 'node:worker_threads'
import { openLog } from '../../../src/log/log.ts'
import { words } from '../topics.ts'

const log = await openLog(workerData as string)
const consumer = log.consumer({ group: 'g', topics: [words], onAssigned: () => parentPort?.postMessage('assigned') })
parentPort?.once('message', () => void log.close())
for await (const { partition, offset } of consumer) parentPort?.postMessage(`${partition} ${offset}`)
parentPort?.postMessage('closed')
