#!/usr/bin/env node
/**
 * The `millrace` command: gives a command line what a process has, and ends with its exit code.
 */
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../core/clock.ts'
import { exitCodes } from './exit-codes.ts'
import { runCommand } from './run-command.ts'

const stop = new AbortController()
let stoppedBy: 'SIGINT' | 'SIGTERM' | undefined
let isReading = false
let hasForeignCode = false

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Once: a second one ends the process as it would any other.
  process.once(signal, () => {
    stoppedBy ??= signal
    stop.abort()
  })
}

// Who watches this process has gone.
if (process.env['MILLRACE_WATCHED'] !== undefined) {
  process.once('disconnect', () => stop.abort())
  process.channel?.unref() // it is nothing to wait for
}

let isDone = false
process.on('exit', (code) => {
  if (isDone) return
  const who = hasForeignCode ? 'the script ended the process' : 'the process ended'
  process.stderr.write(`millrace: ${who} before the command was done, with exit code ${code}\n`)
  process.exitCode = code === 0 ? exitCodes.failed : code
})

const code = await runCommand(process.argv.slice(2), {
  stdin: () => {
    isReading = true
    return process.stdin
  },
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  clock: systemClock,
  signal: stop.signal,
  self: [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url)],
  scripts: async () => {
    hasForeignCode = true
    return (await import('./script/process-scripts.ts')).processScripts
  },
})
isDone = true
process.exitCode = stoppedBy === undefined ? code : 128 + constants.signals[stoppedBy]
if (isReading) process.stdin.destroy() // a terminal, or a pipe that stays open, would keep the process
if (hasForeignCode) process.exit() // a server or a timer of a script would too
