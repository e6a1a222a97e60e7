// A process of the kill loop. It loads everything, says `armed`, and waits to be told what to be: so a start takes no time,
// and the next kill can hit the first milliseconds of the work.
import { createInterface } from 'node:readline'
import { checkOnRequest } from './checker.ts'
import { type CleanCommand, cleanUntilKilled } from './cleaner.ts'
import { type CountCommand, countUntilKilled } from './counter.ts'
import { type ImportCommand, importPrefixes } from './importer.ts'
import { type ReadCommand, readAlong } from './reader.ts'
import { type WriteCommand, writeForAMoment } from './writer.ts'

/** What a process is told to be, in one line of JSON. */
export type Command =
  | ImportCommand
  | CleanCommand
  | CountCommand
  | ReadCommand
  | WriteCommand
  | { readonly role: 'checker' }

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
    process.stdin.unref()
    if (command.role === 'importer') await importPrefixes(command)
    else if (command.role === 'reader') await readAlong(command)
    else if (command.role === 'writer') await writeForAMoment(command)
    else if (command.role === 'cleaner') await cleanUntilKilled(command)
    else await countUntilKilled(command, input)
  }
}
