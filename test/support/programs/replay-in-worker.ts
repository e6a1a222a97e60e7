// Replays a version of an application in a worker thread: it posts `caught up`, and closes when it is told to.
import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { openLog, replay } from '../../../src/index.ts'
import { counting } from '../counted-words.ts'

if (parentPort === null) throw new Error('this runs in a worker thread')
const log = await openLog(workerData as string)
const v2 = await replay(counting, { log, applicationId: 'app', version: 'v2' })
await v2.caughtUp()
const told = once(parentPort, 'message')
parentPort.postMessage('caught up')
await told
await v2.close()
await log.close()
