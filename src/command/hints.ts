/**
 * Messages of the library speak to programs. Where they say what to call, the command says what to type.
 */
const typed: readonly (readonly [called: string | RegExp, typed: string])[] = [
  ['list the topics with log.admin.listTopics()', '"millrace topic list" lists them'],
  ['list them with log.admin.groups()', '"millrace group list" lists them'],
  ['log.admin.groups() lists those that have', '"millrace group list" lists those that have'],
  ['log.admin.applications() lists those that it has', '"millrace app list" lists those that it has'],
  ['log.admin.describeApplication lists what it reads', '"millrace app describe" lists what it reads'],
  ["startStreams(…, { drop: ['its id'] }) removes", '"millrace app drop-operator" removes'],
  ["startStreams(…, { rename: { 'old id': 'new id' } })", `export const config = { rename: { 'old id': 'new id' } }`],
  [/(?<=^|\W)replay\(\)/g, '"millrace replay start"'],
  ['then switch to it', 'then "millrace replay switch"'],
  ['with a switch', 'with "millrace replay switch"'],
  [/(?<=^|\W)switchBack\(\)/g, '"millrace replay back"'],
  [/\{ outputs: '(\w+)' \}/g, '--outputs $1'],
  [/\{ version: '([\w.-]+)' \}/g, '--version $1'],
  ["effects: 'run', 'skip', or a function of the record that answers instead", '--effects run or --effects skip'],
  ['give it more patienceMs', 'give it more --patience'],
  ['name the directory of a log, or open it without readOnly to create one', 'name the directory of a log with --dir'],
]

export function inWordsOfTheCommand(message: string): string {
  return typed.reduce((text, [called, said]) => text.replace(called, said), message)
}
