// Looks at the log of a directory, as another user where one is named, and answers each line that it is given.
import { readSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { type Log, MillraceError, openLog } from '../../../src/index.ts'
import { Environment } from '../../../src/storage/environment.ts'
import { wordCounts } from '../counted-words.ts'
import { words } from '../topics.ts'

const [dir = '', target = '', user = ''] = process.argv.slice(2)
if (user !== '') {
  process.setgid?.(Number(user))
  process.setuid?.(Number(user))
}

const say = (answer: object): void => console.log(JSON.stringify(answer))

/** Waits for a line without going back to the event loop. */
function waitForLine(): void {
  for (;;) {
    try {
      if (readSync(0, Buffer.alloc(64)) === 0) process.exit(1) // nobody is there any more
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}

async function answer(work: () => unknown): Promise<boolean> {
  try {
    say({ ok: (await work()) ?? null })
    return true
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    say({ code: error.code, message: error.message })
    return false
  }
}

let log: Log | undefined
const open = async (): Promise<string> => {
  log = await openLog(dir, { readOnly: true })
  return 'open'
}
while (!(await answer(open))) waitForLine()
const opened = log as unknown as Log

const looks: Record<string, () => unknown> = {
  records: async () => {
    const values: string[] = []
    for await (const { value } of opened.read(words)) values.push(value)
    return values
  },
  count: () => opened.store('counting', wordCounts).get('a'),
  counts: () => [...opened.store('counting', wordCounts).range()].length,
  /** Two reads of one snapshot. */
  twice: async () => {
    const environment = Environment.openNow(dir, { readOnly: true })
    try {
      environment.rowCount('topics')
      say({ ok: 'once' })
      waitForLine()
      return environment.rowCount('topics')
    } finally {
      await environment.close()
    }
  },
  state: async () => (await opened.admin.describeApplication('counting')).state,
  lag: async () => (await opened.admin.lag('counting')).reduce((sum, { records }) => sum + records, 0),
  topics: async () => (await opened.admin.logSizes()).map(({ topic }) => topic),
  problems: async () => (await opened.admin.verify({ deep: true })).problemCount,
  backup: () => opened.admin.backup(target).then(() => 'copied'),
  readers: async () => (await opened.admin.stats()).readers.length,
  send: () => opened.producer().send(words, { key: 'a', value: 'no' }),
  join: () => opened.consumer({ group: 'lookers', topics: [words] }),
}
for await (const line of createInterface({ input: process.stdin })) await answer(looks[line] ?? (() => line))
await opened.close()
