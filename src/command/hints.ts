/**
 * Messages of the library speak to programs. Where they say what to call, the command says what to type.
 */
const typed: readonly (readonly [called: string, typed: string])[] = [
  ['list the topics with log.admin.listTopics()', '"millrace topic list" lists them'],
  ['list them with log.admin.groups()', '"millrace group list" lists them'],
  ['log.admin.groups() lists those that have', '"millrace group list" lists those that have'],
  ['log.admin.applications() lists those that it has', '"millrace app list" lists those that it has'],
  ['log.admin.describeApplication lists what it reads', '"millrace app describe" lists what it reads'],
  ['name the directory of a log, or open it without readOnly to create one', 'name the directory of a log with --dir'],
]

export function inWordsOfTheCommand(message: string): string {
  return typed.reduce((text, [called, said]) => text.replace(called, said), message)
}
