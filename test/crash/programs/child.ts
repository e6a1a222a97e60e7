// A process of the kill loop. It loads everything, says `armed`, and waits to be told what to be: so a start takes no time,
// and the next kill can hit the first milliseconds of the work.
import { createInterface } from 'node:readline'
import { type AddCommand, addUntilKilled } from './adder.ts'
import { administer, type AdministerCommand } from './administrator.ts'
import { type BillCommand, billUntilKilled } from './bill.ts'
import { checkOnRequest } from './checker.ts'
import { type CleanCommand, cleanUntilKilled } from './cleaner.ts'
import { type CommandLineCommand, runCommandLines } from './commander.ts'
import { type CopyCommand, copyUntilKilled } from './copier.ts'
import { type CountCommand, countUntilKilled } from './counter.ts'
import { type EchoCommand, echoUntilKilled } from './echoer.ts'
import { type FeedCommand, feedUntilKilled } from './feeder.ts'
import { type ImportCommand, importPrefixes } from './importer.ts'
import { type KeepCommand, keepBackups } from './keeper.ts'
import { type JoinCommand, readAsMember } from './member.ts'
import { type ProduceCommand, produceRounds } from './producer.ts'
import { type ReadCommand, readAlong } from './reader.ts'
import { type RepeatCommand, repeatRounds } from './repeater.ts'
import { type VerifyCommand, verifyDirectory } from './verifier.ts'
import { runVersion, type VersionCommand } from './version-runner.ts'
import { type WriteCommand, writeForAMoment } from './writer.ts'

/** What a process is told to be, in one line of JSON. */
export type Command =
  | AddCommand
  | AdministerCommand
  | BillCommand
  | FeedCommand
  | ImportCommand
  | VersionCommand
  | CleanCommand
  | CommandLineCommand
  | CopyCommand
  | CountCommand
  | EchoCommand
  | JoinCommand
  | KeepCommand
  | ProduceCommand
  | ReadCommand
  | RepeatCommand
  | VerifyCommand
  | WriteCommand
  | { readonly role: 'checker' }

function work(command: Exclude<Command, { readonly role: 'checker' }>, input: AsyncIterator<string>): Promise<void> {
  switch (command.role) {
    case 'importer':
      return importPrefixes(command)
    case 'reader':
      return readAlong(command)
    case 'writer':
      return writeForAMoment(command)
    case 'commander':
      return runCommandLines(command)
    case 'echoer':
      return echoUntilKilled(command)
    case 'cleaner':
      return cleanUntilKilled(command)
    case 'counter':
      return countUntilKilled(command, input)
    case 'copier':
      return copyUntilKilled(command, input)
    case 'member':
      return readAsMember(command, input)
    case 'producer':
      return produceRounds(command, input)
    case 'repeater':
      return repeatRounds(command, input)
    case 'verifier':
      return verifyDirectory(command)
    case 'adder':
      return addUntilKilled(command, input)
    case 'administrator':
      return administer(command, input)
    case 'bill':
      return billUntilKilled(command, input)
    case 'feeder':
      return feedUntilKilled(command, input)
    case 'version':
      return runVersion(command, input)
    case 'keeper':
      return keepBackups(command, input)
  }
}

/** Those that end with what they are told, and not by themselves. */
const listeners: ReadonlySet<string> = new Set(['administrator', 'feeder', 'keeper'])

const lines = createInterface({ input: process.stdin })
// Nobody is left to talk to: the supervisor is gone.
lines.on('close', () => process.exit())
const input = lines[Symbol.asyncIterator]()
console.log('armed')
const first = await input.next()
if (first.done !== true) {
  const command = JSON.parse(first.value) as Command
  if (command.role === 'checker') {
    await checkOnRequest(input)
  } else {
    // From here on the process ends when its work does.
    if (!listeners.has(command.role)) process.stdin.unref()
    await work(command, input)
  }
}
