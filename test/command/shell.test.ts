// The command as a process among others: pipes, signals, a reader that goes away or is slow, a terminal.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { openLog } from 'millrace'
import { yieldToEventLoop } from '../../src/core/clock.ts'
import { compiledCommand } from '../support/compiled.ts'
import { commandWorld } from '../support/command-world.ts'

const millrace = compiledCommand()

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a line of bash, in which `millrace` is the command. */
function shell(line: string, data: string, input?: string): Ended {
  const script = `set -o pipefail; millrace() { "$NODE" "$MILLRACE" "$@"; }; ${line}`
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], {
    cwd: dirname(data),
    encoding: 'utf8',
    input: input ?? '',
    maxBuffer: 2 ** 28,
    env: {
      ...process.env,
      NODE: process.execPath,
      MILLRACE: millrace,
      MILLRACE_DIR: data,
      NO_COLOR: '',
      TZ: 'Asia/Kolkata',
    },
  })
  return { status, stdout, stderr }
}

function start(argv: readonly string[], data: string): ReturnType<typeof spawn> {
  const child = spawn(process.execPath, [millrace, ...argv], { env: { ...process.env, MILLRACE_DIR: data } })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

test('lines go in and come out through pipes, the last one too', async () => {
  const { data } = await commandWorld()
  const ran = shell(
    `printf 'a=1\\nb=2' | millrace produce orders -K = && millrace consume orders -e --json | jq -c .value`,
    data,
  )
  expect(ran).toEqual({ status: 0, stdout: '1200\n700\nnull\n1\n2\n', stderr: '2 records to orders\n' })
})

test('times are local with their zone', async () => {
  const { data } = await commandWorld()
  expect(shell(`millrace consume orders -n 1 -f %d`, data).stdout).toBe('2025-03-04 13:20:00.000+05:30\n')
})

test('a reader that goes away ends it at once, and it says nothing', async () => {
  const { data } = await commandWorld()
  const many = Array.from({ length: 100_000 }, (_, at) => `line ${at}\n`).join('')
  expect(shell('millrace produce raw', data, many).status).toBe(0)
  for (const line of [
    'consume raw | head -1',
    'consume raw -e | head -1',
    'consume raw --json | sed 1q',
    '--help | head -1',
  ]) {
    const ran = shell(`millrace ${line}`, data)
    expect({ line, ...ran, stdout: ran.stdout.split('\n').length }).toEqual({ line, status: 0, stdout: 2, stderr: '' })
  }
  expect(shell('millrace consume raw -e | cat', data).stdout).toBe(many)
  const full = shell('millrace consume raw -e > /dev/full', data)
  expect(full).toMatchObject({ status: 1, stderr: expect.stringContaining('ENOSPC') as string })
})

test('Ctrl-C ends what waits with 130, and SIGTERM with 143', async () => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const { data } = await commandWorld()
    const child = start(['consume', 'orders', '--group', 'tail'], data)
    await once(child.stdout as Readable, 'data')
    child.kill(signal)
    expect(await once(child, 'close')).toEqual([code, null])
    expect(shell('millrace group lag tail --json | jq .records', data).stdout).toBe('0\n')
  }
})

test('a slow reader slows it down: it holds neither the topic in memory nor a snapshot of the log', async () => {
  const { data } = await commandWorld()
  const padding = 'x'.repeat(200)
  const records = Array.from({ length: 300_000 }, (_, at) => `${at} ${padding}`)
  const written = shell('millrace produce raw', data, records.join('\n'))
  expect(written.stderr).toBe('300000 records to raw\n')
  const child = start(['consume', 'raw', '-e'], data)
  await once(child.stdout as Readable, 'readable') // it has begun, and no one reads on
  await using log = await openLog(data, { maintenance: false })
  for (;;) {
    // A snapshot that it held would stay behind more and more of these commits.
    await log.admin.resetOffsets('billing', { to: 'latest' })
    const { readers } = await log.admin.stats()
    const own = readers.filter(({ pid }) => pid === child.pid)
    if (own.length > 0 && own.every(({ commitsBehind }) => commitsBehind === null)) break
    await yieldToEventLoop()
  }
  const peakKilobytes = Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1])
  expect(child.exitCode).toBeNull()
  expect(peakKilobytes).toBeLessThan(200_000)
  let bytes = 0
  for await (const chunk of child.stdout as Readable) bytes += (chunk as Buffer).length
  expect(bytes).toBe(records.reduce((sum, record) => sum + record.length + 1, 0))
})

/** Runs it on a pseudo-terminal, which gets what is typed; what it shows. */
function onTerminal(line: string, data: string, typed: string, variables = ''): string {
  const path = join(dirname(data), 'typed')
  writeFileSync(path, typed)
  return shell(`script -qefc "stty cols 60; ${variables} '$NODE' '$MILLRACE' ${line}" /dev/null < typed`, data).stdout
}

test('on a terminal it asks before it deletes, and shows tables that fit', async () => {
  const { data } = await commandWorld()
  const refused = onTerminal('topic delete raw', data, 'n\n')
  expect(refused).toContain('topic raw: 0 records, 0 B')
  expect(refused).toContain('Delete it for good? [y/N]')
  expect(refused).toContain('nothing was done')
  const list = onTerminal('topic list', data, '')
  expect(list).toContain('\u{1b}[1mTOPIC')
  expect(list).toContain('raw')
  expect(onTerminal('topic delete raw', data, 'y\n')).toContain('deleted topic raw')
  const lines = onTerminal('group describe billing', data, '', 'NO_COLOR=1').split('\r\n')
  expect(Math.max(...lines.filter((line) => line.includes('OFFSET')).map((line) => line.length))).toBeLessThanOrEqual(
    60,
  )
})

/** A real access log, on machines that have one. */
const realLog = fileURLToPath(new URL('../../../shared/data/apache-access.log', import.meta.url))

test('an access log goes through it as it is, real where there is one', async () => {
  const { data } = await commandWorld()
  const path = existsSync(realLog) ? realLog : join(dirname(data), 'access.log')
  const text = readFileSync(path, 'utf8')
  const ran = shell(`millrace produce raw < '${path}' && millrace consume raw -e`, data)
  expect(ran.stdout).toBe(text.endsWith('\n') ? text : `${text}\n`)
  expect(ran.stderr).toBe(`${ran.stdout.split('\n').length - 1} records to raw\n`)
})
