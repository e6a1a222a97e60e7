// Every promise about safety has an attack that is a test: this table says which, and that it is there.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** What is promised, and the tests that attack it. */
const attacks: Readonly<Record<string, readonly string[]>> = {
  'loopback by default; any other address needs a token or refuses to start': [
    'it is reached from this machine only, unless it has a token',
    'a token that can be guessed, or fits into no header, is refused',
  ],
  'the token opens, and nothing that looks like it': [
    'is asked for by every address, the page and its files too',
    'is looked for where it belongs only, once, and whole',
    'that is no longer the token leaves a cookie that opens nothing',
    'of another dashboard on this machine does not open this one, though browsers send its cookie',
    'in an address never leads to another host, and does not open the API',
    'in an address is told to no one: not to the next site, not to a log, not in an answer',
  ],
  'the Host header is checked against DNS rebinding': [
    'is one of ours: a name that an attacker lets mean this address is refused',
    'is refused whatever is done to make it look like ours',
    'is not taken from any other header, and neither is who asks',
    'is needed: one without, or with two, gets nothing',
  ],
  'another site gets nothing': [
    'is refused, whatever it asks for; only a link may open the page',
    'another site that browsers tell of by the page alone gets nothing but the page',
    'a page of another site in the same browser learns nothing, with a cookie or without',
    'is answered as a question where it asks for a WebSocket: nothing here speaks another protocol',
  ],
  'it reads only, unless changes are allowed': [
    'cannot change anything: nothing but GET is answered',
    'is refused by a dashboard that only reads, with the token too',
  ],
  'changes need a token and a same-origin check': [
    'has a token, at a loopback address too',
    'is refused to who does not, and to a page of elsewhere that has the cookie sent along',
    'is JSON that says so: what a form can send is refused',
    'is asked for by POST alone, at its own address',
    'is not too large, whether it says how large it is or not, and is answered before it has come whole',
  ],
  'strict CSP': [
    'every answer runs no script but ours, is in no frame, and tells no other site where it was',
    'the policy of what a page may do names every kind, and no place but ours',
    'text becomes neither markup nor a script, whatever script would make it that',
    'tells what it answers with by its type, which no browser guesses',
  ],
  'records are data, never HTML': [
    'each view shows what there is, live, and the end of the process too',
    'in keys, values, headers, rows and errors is shown as text, and never obeyed',
    'in the path of a link is shown as text, and never obeyed',
    'in the question of a link is shown as text, and leads nowhere else',
  ],
  'a bound on what one request may read': [
    'of a large topic are searched up to a bound, which says where to go on',
    'of many bytes are read up to a bound as well, in both directions, and none is missed',
    'are read one at a time, and cut where they are shown',
    'that compaction leaves, however large, are passed over in a few reads',
    'are found in both directions, by place, key, text and time, as one who reads it all finds them',
    'rows of a megabyte are read up to a bound, and go on from there until each was seen once',
    'a record that is nested more deeply than anyone reads is shown as text',
    'a few requests read at a time, the rest waits its turn, and too many are refused',
    'any question is answered, or refused with what was expected',
  ],
  'one who is slow, or asks for too much at once, is no burden': [
    'is sent nothing until it has taken the last event, and is let go when it takes nothing',
    'a connection that %s is closed',
    'one who takes nothing of an answer is let go',
    'one who sends its %s a byte at a time is let go, though something moves all the time',
    'one who takes an answer a byte at a time is let go',
    'connections above the bound are closed, and those below it go on',
    'a hundred thousand requests that are sent at once, and whose answers are not read, are held back',
    'any bytes are answered or cut off, and the next one is answered as if they had not been',
  ],
  'only the page is served, whatever the path': [
    'never leads out of the page, however it is written',
    'of the API that makes no sense is refused, and never fails',
    'is refused: %s',
  ],
}

const here = new URL('.', import.meta.url)
const itself = 'safety.test.ts'
const sources = readdirSync(here)
  .filter((name) => name.endsWith('.test.ts') && name !== itself)
  .map((name) => readFileSync(new URL(name, here), 'utf8'))
  .join('\n')

test.each(Object.entries(attacks))('%s', (_, names) => {
  const missing = names.filter((name) => !sources.includes(`'${name}'`))
  expect(missing).toEqual([])
})
