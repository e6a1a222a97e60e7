/**
 * The `millrace` command as a process, beside the same work by a program: lines into a topic, records out of it, and how
 * long it takes to start.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { bytes, json, type Log, nullable, openLog, type Topic, topic } from 'millrace'
import { clickValue } from '../workload.ts'

export interface CommandOptions {
  /** The command, compiled. */
  readonly main: string
  readonly dir: string
  readonly records: number
}

/** What a piece of work took. */
export interface Taken {
  readonly seconds: number
  /** Of the processor, which neighbours on the machine change least. */
  readonly cpuSeconds: number
}

export interface Sides {
  readonly command: Taken
  readonly program: Taken
}

const rawClicks = topic('clicks', { key: nullable(bytes()), value: bytes() })
const clicks = topic('clicks', { key: nullable(bytes()), value: json<object>() })
const recordsOfCommit = 10_000

/** Bash times a child with what it waited for; Node does not tell what a child took. */
function timed(args: readonly string[], input = '/dev/null'): Taken {
  const script = `TIMEFORMAT='%R %U %S'; time "$@" < '${input}' > /dev/null 2> /dev/null`
  const { status, stderr } = spawnSync('bash', ['-c', script, 'bash', process.execPath, ...args], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`)
  const [seconds = 0, user = 0, system = 0] = stderr.trim().split(' ').map(Number)
  return { seconds, cpuSeconds: user + system }
}

async function timedHere(work: () => Promise<unknown>): Promise<Taken> {
  const began = performance.now()
  const cpu = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { seconds: (performance.now() - began) / 1_000, cpuSeconds: (user + system) / 1_000_000 }
}

/** Whether the topic names a serde for its values, so that each line is checked. */
export interface LinesOptions extends CommandOptions {
  readonly isJson: boolean
}

/** `produce` of a file of JSON lines, and `sendMany` of the same values. */
export async function produceLines({ main, dir, records, isJson }: LinesOptions): Promise<Sides> {
  mkdirSync(dir, { recursive: true })
  const file = join(dir, 'lines')
  const texts = Array.from({ length: 1_000 }, (_, at) => JSON.stringify(clickValue(at)))
  const out = openSync(file, 'w')
  for (let at = 0; at < records; at += texts.length) writeSync(out, `${texts.slice(0, records - at).join('\n')}\n`)
  closeSync(out)
  const data = join(dir, 'command')
  const log = await openLog(data)
  await log.admin.createTopic(isJson ? clicks : { name: 'clicks' })
  await log.close()
  const command = timed([main, 'produce', 'clicks', '--dir', data], file)
  await using own = await openLog(join(dir, 'program'))
  const program = await timedHere(() =>
    isJson
      ? send(own, clicks, records, clickValue)
      : send(own, rawClicks, records, (at) => Buffer.from(texts[at % 1_000] as string)),
  )
  return { command, program }
}

async function send<V>(
  log: Log,
  to: Topic<Uint8Array | null, V>,
  records: number,
  valueOf: (at: number) => V,
): Promise<void> {
  const producer = log.producer()
  for (let at = 0; at < records; at += recordsOfCommit) {
    const count = Math.min(recordsOfCommit, records - at)
    await producer.sendMany(
      to,
      Array.from({ length: count }, (_, i) => ({ key: null, value: valueOf(at + i) })),
    )
  }
}

/** `consume -e` to /dev/null, and a loop that decodes the same records. */
export async function consumeRecords({ main, dir, records }: CommandOptions): Promise<Sides> {
  const log = await openLog(dir)
  await log.admin.createTopic(clicks)
  await send(log, clicks, records, clickValue)
  const program = await timedHere(async () => {
    let count = 0
    for await (const batch of log.read(clicks).batches()) count += batch.records.length
    if (count !== records) throw new Error(`read ${count} records of ${records}`)
  })
  await log.close()
  return { command: timed([main, 'consume', 'clicks', '-e', '--dir', dir]), program }
}

export interface StartOptions extends Pick<CommandOptions, 'main' | 'dir'> {
  readonly runs: number
}

/** Starts of processes, alternating: bare Node, the help, and a command that opens a log. */
export async function starts({ main, dir, runs }: StartOptions): Promise<Record<string, Taken[]>> {
  const log = await openLog(dir)
  await log.admin.createTopic(clicks)
  await log.close()
  const lines: Readonly<Record<string, readonly string[]>> = {
    'node -e 0': ['-e', '0'],
    'millrace --help': [main, '--help'],
    'millrace topic create --help': [main, 'topic', 'create', '--help'],
    'millrace topic list': [main, 'topic', 'list', '--dir', dir],
  }
  const taken: Record<string, Taken[]> = {}
  for (let run = 0; run < runs; run++) {
    for (const [name, args] of Object.entries(lines)) (taken[name] ??= []).push(timed(args))
  }
  return taken
}
